"""What both ways came to, compared: a sentence for each difference."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator.acceleration.gate.model import Answers, UnjudgedError
from orchestrator.acceleration.gate.sections import difference
from orchestrator.acceleration.model import Corrected

#: What has to work without native tools, or there is nothing to compare with.
_NEEDED = ("compile", "library", "program", "run", "macros")
#: An emulator that crashes has shown nothing about the tools.
_CRASH = re.compile(
    r"^qemu: (?:uncaught target signal|unhandled CPU exception)|internal compiler error: (?:Segmentation fault|Illegal instruction)",
    re.MULTILINE,
)
#: make says what kind of machine it was built on, and nothing of CPython asks it. https://www.gnu.org/software/make/manual/html_node/Quick-Reference.html
_MACHINE = re.compile(r"^(?:Built for|This program built for) \S+$")
#: busybox says when it was built, which is another time for each architecture. https://git.busybox.net/busybox/tree/libbb/messages.c
_BUILT = re.compile(r"^(BusyBox v\S+) \([^()]*\)(?= multi-call binary)")
#: How many differing lines are quoted, and how much of each (characters).
_LINES, _WIDTH = 3, 160


def read_answers(directory: Path) -> Answers:
    """Read what one way left behind. Raises `UnjudgedError` where the work script was not done."""
    try:
        lines = (directory / "statuses").read_text(encoding="utf-8").splitlines()
        statuses = {name: int(status) for name, status in (line.split("\t") for line in lines)}
    except (OSError, ValueError) as error:
        raise UnjudgedError(f"the gate's work left no list of what it did: {error}") from error
    return Answers(
        directory=directory,
        statuses=statuses,
        taken=tuple(_text(directory / "taken").split()),
        declined=_text(directory / "declined").strip(),
    )


def compare(native: Answers, plain: Answers, corrected: Corrected | None = None) -> tuple[tuple[str, ...], int]:
    """Give the differences, and how many files and answers were compared.

    With `corrected`, what programs say of their version may be the one for the other, but where the correction counts.
    Raises `UnjudgedError` where what is compared with is no measure: a step that fails either way, an emulator that crashed.
    """
    for name in plain.statuses:
        if plain.statuses[name] >= 128 or _CRASH.search(_text(plain.directory / "texts" / name)):
            raise UnjudgedError(f"the emulator crashed while it did '{name}' without native tools")
    for name in _NEEDED:
        if plain.statuses.get(name) and native.statuses.get(name):
            last = (_text(plain.directory / "texts" / name).strip().splitlines() or ["without a word"])[-1]
            raise UnjudgedError(f"'{name}' fails with native tools and without: {last[:_WIDTH]}")
    files = sorted({*_files(native.directory), *_files(plain.directory)})
    questions = tuple({**native.statuses, **plain.statuses})
    if not files:
        raise UnjudgedError("nothing was compiled or linked")
    differences = [
        *(said for name in questions for said in _answer(name, native, plain, corrected)),
        *_counting(native, corrected),
        *(said for name in files for said in _file(name, native.directory, plain.directory)),
    ]
    return tuple(differences), len(files) + len(questions)


def _files(directory: Path) -> Iterator[str]:
    for room in ("objects", "links"):
        for path in (directory / room).rglob("*"):
            if path.is_file():
                yield str(path.relative_to(directory))


def _file(name: str, native: Path, plain: Path) -> Iterator[str]:
    ours, theirs = native / name, plain / name
    if not ours.is_file():
        yield f"{name}: not made with native tools"
    elif not theirs.is_file():
        yield f"{name}: made with native tools only"
    elif ours.read_bytes() != theirs.read_bytes():
        yield f"{name}: {difference(ours, theirs)}"


def _counting(native: Answers, corrected: Corrected | None) -> Iterator[str]:
    """Tell of the macros by which a compiler says that it does what was corrected since."""
    if corrected is not None and corrected.unless:
        defined = re.findall(r"^#define (\w+)", _text(native.directory / "texts" / "macros"), re.MULTILINE)
        if found := sorted({macro for macro in defined if macro.startswith(corrected.unless)}):
            yield f"macros: with {found[0]}, the compilers {corrected.cross} and {corrected.native} do not do the same"


def _answer(name: str, native: Answers, plain: Answers, corrected: Corrected | None) -> Iterator[str]:
    ours, theirs = native.statuses.get(name), plain.statuses.get(name)
    said, meant = (_lines(answers.directory / "texts" / name) for answers in (native, plain))
    if corrected is not None and name.startswith("version-of-"):
        said = [line.replace(f"(Debian {corrected.cross})", f"(Debian {corrected.native})") for line in said]
    if name.startswith("macros"):  # a compiler lists them in the order of a table of its own
        said, meant = sorted(said), sorted(meant)
    if ours != theirs:
        yield f"{name}: {_ended(ours)} with native tools, {_ended(theirs)} without{_last(said if ours else meant)}"
    elif said != meant and name != "compile":  # two compilers at once warn in any order, and what they made is compared
        yield f"{name}: {_changes(said, meant)}"


def _ended(status: int | None) -> str:
    if status is None:
        return "was not tried"
    return f"fails ({status})" if status else "works"


def _last(lines: list[str]) -> str:
    """Quote what a failure was about: the first line that calls itself an error, else the last one."""
    told = [line for line in lines if "error:" in line.lower()] or lines[-1:]
    return f": {told[0][:_WIDTH]}" if told else ""


def _changes(native: list[str], plain: list[str]) -> str:
    lines = [
        line
        for line in difflib.unified_diff(plain, native, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    ours = [line[1:].strip()[:_WIDTH] for line in lines if line.startswith("+")]
    theirs = [line[1:].strip()[:_WIDTH] for line in lines if line.startswith("-")]
    return f"{_quoted(ours)} with native tools, {_quoted(theirs)} without"


def _quoted(lines: list[str]) -> str:
    if not lines:
        return "nothing more"
    more = f" and {len(lines) - _LINES} lines more" if len(lines) > _LINES else ""
    return f"{', '.join(repr(line) for line in lines[:_LINES])}{more}"


def _lines(path: Path) -> list[str]:
    return [_BUILT.sub(r"\1", line) for line in _text(path).splitlines() if not _MACHINE.match(line)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
