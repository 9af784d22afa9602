"""A cell's Dockerfile as far as the gate needs it: cut after one of its steps, and not a byte of what stays is changed.

BuildKit caches a step by its own text and by what it builds on, so the steps that are kept serve the cell's own build afterwards.
Source of the syntax: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.acceleration.gate.model import UnjudgedError
from orchestrator.acceleration.model import CONTEXT

#: The stage that compiles.
STAGE = "build"

_HEREDOC = re.compile(r"""(?<!\S)\d*<<(-?)(["']?)([A-Za-z_][A-Za-z0-9_.]*)\2(?=\s|$)""")
_FLAGS = re.compile(r"(?:\s*--[a-z]+(?:=\S+)?(?=\s))*\s*")
_CONFIGURE = re.compile(r"(?:^|[\s;&|(])\./configure(?=\s|$)")
_TAKES_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """An instruction with the comments inside it and its here-documents. `end` is how many lines of the file come before the next one.

    `word` is in capitals; `rest` is what follows it, on one line and without comments, here-documents left out.
    """

    word: str
    rest: str
    end: int

    @property
    def command(self) -> str:
        """What a RUN instruction runs, without its flags."""
        found = _FLAGS.match(self.rest)
        return self.rest[found.end() :] if found else self.rest


def instructions(dockerfile: str) -> tuple[Instruction, ...]:
    """Take a Dockerfile apart. Continued lines belong together; comments and empty lines may stand between them."""
    lines, found, at = dockerfile.split("\n"), [], 0
    while at < len(lines):
        if _is_nothing(lines[at]):
            at += 1
            continue
        parts: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            if _is_nothing(line):
                continue
            parts.append(line.strip().removesuffix("\\").strip())
            if not line.rstrip().endswith("\\"):
                break
        word, _, rest = " ".join(part for part in parts if part).partition(" ")
        word = word.upper()
        if word in _TAKES_HEREDOCS:
            at = _after_heredocs(lines, at, rest)
        found.append(Instruction(word=word, rest=rest.strip(), end=at))
    return tuple(found)


def _is_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _after_heredocs(lines: list[str], at: int, rest: str) -> int:
    for dash, _, name in _HEREDOC.findall(rest):
        while at < len(lines):
            line = lines[at]
            at += 1
            if (line.lstrip("\t") if dash else line) == name:
                break
    return at


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """The text up to a step of the stage `build`, that step included; the name of the stage that the gate's own ones build on."""

    text: str
    stage: str = STAGE


def after_configure(dockerfile: str) -> Cut:
    """Cut after the step that runs `./configure`. Raises `UnjudgedError` where there is none, or where no step can take native tools."""
    _, end = _bounds(dockerfile)
    return Cut(text=_head(dockerfile, end))


def before_configure(dockerfile: str) -> Cut:
    """Cut before the step that runs `./configure`: packages and source are there. Raises `UnjudgedError` as `after_configure` does."""
    begin, _ = _bounds(dockerfile)
    return Cut(text=_head(dockerfile, begin))


def _head(dockerfile: str, lines: int) -> str:
    return "".join(f"{line}\n" for line in dockerfile.split("\n")[:lines])


def _bounds(dockerfile: str) -> tuple[int, int]:
    """Give after which line the step before `./configure` ends, and after which that step does."""
    stages, stage, before = set(), "", 0
    for one in instructions(dockerfile):
        if one.word == "FROM":
            named = re.search(r"\s[Aa][Ss]\s+(\S+)\s*$", one.rest)
            stage = named[1].lower() if named else ""
            stages.add(stage)
        elif one.word == "RUN" and stage == STAGE and _CONFIGURE.search(one.command):
            if CONTEXT not in stages:
                raise UnjudgedError(
                    f"its Dockerfile has no stage {CONTEXT} before ./configure, so no step takes native tools"
                )
            return before, one.end
        before = one.end
    raise UnjudgedError(f"its Dockerfile has no step in a stage {STAGE} that runs ./configure")
