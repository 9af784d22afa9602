"""What Dockerfiles and templates run: their lines without comments, and the single commands of each instruction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.lint.model import Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject
from orchestrator.render.tree import Rendered

_END = re.compile(r"&&|\|\||[;|]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A command of an instruction with the line (from 1) that it begins in; `text` keeps its line breaks."""

    line: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A template or a Dockerfile."""

    path: Path
    text: str

    def pieces(self) -> Iterator[Piece]:
        """Every command: instructions are joined over their continued lines and split where the shell ends a command."""
        for start, instruction in _instructions(self.text):
            at = 0
            for end in [*(match for match in _END.finditer(instruction)), None]:
                piece = instruction[at : end.start() if end else len(instruction)]
                blank = len(piece) - len(piece.lstrip(" \t\n\\"))
                yield Piece(line=start + instruction.count("\n", 0, at + blank), text=piece[blank:])
                at = end.end() if end else at


def scripts(subject: Subject) -> tuple[Script, ...]:
    """The templates, then every Dockerfile that is there: what a template brings into many is found in the template first."""
    templates = [
        Script(path=path, text=subject.templates.texts[name]) for name, path in subject.templates.paths.items()
    ]
    paths = [subject.matrix.root / image.directory / "Dockerfile" for image in subject.matrix.images]
    return tuple(
        templates + [Script(path=path, text=_read(path)) for path in (*paths, *subject.orphans) if path.is_file()]
    )


def occurrences(subject: Subject, pattern: re.Pattern[str], said: str, mend: str) -> Iterator[Spot]:
    """Find a pattern in what is run; a text that many files have is told once. `said` goes on after what was found."""
    found: dict[str, list[str]] = {}
    for script in scripts(subject):
        if pattern.search(script.text) is None:
            continue
        for piece in script.pieces():
            for match in pattern.finditer(piece.text):
                line = piece.line + piece.text.count("\n", 0, match.start())
                found.setdefault(match[0], []).append(f"{shown(script.path)}:{line}")
    for text, places in found.items():
        yield Spot(place=places[0], message=f"{text} {said}{elsewhere(places)}", mend=mend)


def elsewhere(places: list[str]) -> str:
    """Say how often something is found besides the first place."""
    return f" (and in {len(places) - 1} more places)" if len(places) > 1 else ""


def rendered(subject: Subject) -> Iterator[Script]:
    """The Dockerfiles as the templates give them now."""
    for one in subject.rendered.values():
        if isinstance(one, Rendered):
            yield Script(path=one.path, text=one.text)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Give each instruction with the line it begins in; comments become empty lines, also between continued ones."""
    begun, collected = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = "" if raw.lstrip().startswith("#") else raw
        begun = begun or number
        collected += f"{line}\n"
        # A comment or a line of the template's own does not end an instruction that goes on.
        goes_on = line.rstrip().endswith("\\") or (collected.strip() and not line.strip())
        if not goes_on or not collected.strip():
            yield begun, collected
            begun, collected = 0, ""
    if collected:
        yield begun, collected
