"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside
    from orchestrator.lint.subject import Subject


class Level(StrEnum):
    """How bad it is; a note is something accepted on purpose, or good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What a check is about: the first letter of its code."""

    MATRIX = "M"
    RULES = "R"
    DOCKERFILES = "D"
    ARCHITECTURES = "A"
    TAGS = "T"
    UPSTREAMS = "U"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """A safe mend: what becomes of a file. `change` takes its text (None: there is none) and gives the new one (None: it goes)."""

    path: Path
    change: Callable[[str | None], str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where a check does not hold. `place` is `FILE` or `FILE:LINE`, `mend` what to type or change."""

    place: str
    message: str
    mend: str = ""
    rewrite: Rewrite | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A spot with the code and the level of the check that found it; `fixed` when it has been mended."""

    code: str
    level: Level
    spot: Spot
    fixed: bool = False

    @property
    def fixable(self) -> bool:
        """Whether --fix can mend it."""
        return self.spot.rewrite is not None


Look = Callable[["Subject"], Iterable[Spot]]
Ask = Callable[["Subject", "Outside"], Iterable[Spot]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A check under a code that never changes its meaning.

    `title` says what has to hold, `why` what happens where it does not, `link` leads to more. It either has a `look`, which reads files only, or
    an `ask`, which asks servers. `mends` is true where --fix can mend what it finds.
    """

    code: str
    title: str
    why: str
    link: str
    level: Level
    look: Look | None = None
    ask: Ask | None = None
    mends: bool = False

    @property
    def online(self) -> bool:
        """Whether it is made with --online only."""
        return self.ask is not None

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return Kind(self.code[0])
