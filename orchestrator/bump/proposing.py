"""What a bump proposes: each line is looked at by itself, side by side; nothing is written here."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from orchestrator.bump.finding import Found
from orchestrator.bump.index import Index
from orchestrator.bump.model import Part, Proposal, Unsigned, Verified, order
from orchestrator.bump.wheels import choose
from orchestrator.errors import OrchestratorError, UsageError, VerificationError
from orchestrator.inputs.model import StoredInput
from orchestrator.matrix.model import Line, Matrix, Pin
from orchestrator.system.lanes import side_by_side
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Progress
from orchestrator.system.strict import did_you_mean

T = TypeVar("T")

#: Lines looked at at once: what they wait for is mostly other machines.
_SIDE_BY_SIDE = 6


class Releases(Protocol):
    """Who finds and verifies releases (real: `bump/finding.py`)."""

    def newest(self, line: Line) -> Found | None:
        """Look for a newer release; None where there is none."""

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        """Fetch and verify the newest release, or the release `to`; None where the line has it."""


class Stock(Protocol):
    """Who fetches inputs by their checksum, once (real: `inputs/provider.py`)."""

    def source(self, line: Line) -> StoredInput:
        """Return the tarball of a line as it is pinned."""

    def wheels(self, pins: Sequence[Pin]) -> StoredInput:
        """Return these wheels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be bumped: the parts; `to` exactly this release; its tarball's sha256 (hex), which has to match.

    `unsigned`: that checksum is all that is looked at, and no signature.
    """

    parts: frozenset[Part] = frozenset(Part)
    to: str | None = None
    sha256: str | None = None
    unsigned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A line that could not be worked out, and why."""

    line: Line
    error: OrchestratorError


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is newer than a line has: a release that is out, wheels in the index. Nothing of it was fetched or verified."""

    line: Line
    release: str | None = None
    pins: tuple[Pin, ...] = ()
    seen: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        """Whether there is anything newer."""
        return self.release is not None or bool(self.pins)


@dataclass(frozen=True, kw_only=True)
class Proposer:
    """Works out lines with what is outside: releases, the index of wheels, the stock of inputs."""

    releases: Releases
    index: Index
    stock: Stock
    progress: Progress
    cancellation: Cancellation

    def check(self, lines: Sequence[Line], wish: Wish) -> tuple[Standing | Failed, ...]:
        """Tell what is newer, in the order of the lines."""

        def work(line: Line) -> Standing:
            found = self.releases.newest(line) if Part.RELEASE in wish.parts else None
            choice = choose(line, wish.parts, self.index, release=found.release if found else line.release)
            return Standing(
                line=line,
                release=found.release if found else None,
                pins=choice.pins,
                seen=found.seen if found else {},
                notes=(*(found.notes if found else ()), *choice.notes),
            )

        return self._each(lines, work)

    def propose(self, lines: Sequence[Line], wish: Wish) -> tuple[Proposal | Failed, ...]:
        """Fetch and verify what is newer, in the order of the lines; a line with nothing new gets an empty proposal."""
        return self._each(lines, lambda line: self._proposal(line, wish))

    def _proposal(self, line: Line, wish: Wish) -> Proposal:
        release = self._release(line, wish) if Part.RELEASE in wish.parts else None
        if release is not None and wish.sha256 is not None and release.sha256 != wish.sha256:
            raise VerificationError(
                f"{release.origin} is not the file that is wanted: its sha256 is {release.sha256}, not {wish.sha256}",
                mend="compare both with the release page; do not use this file if the given one is right",
            )
        choice = choose(line, wish.parts, self.index, release=release.release if release else line.release)
        if choice.pins:
            self.stock.wheels(choice.pins)
        return Proposal(
            line=line,
            release=release,
            pins=choice.pins,
            seen=release.seen if release else {},
            notes=(*(release.notes if release else ()), *choice.notes),
        )

    def _release(self, line: Line, wish: Wish) -> Verified | Unsigned | None:
        if wish.to is None or wish.sha256 is None or not wish.unsigned:
            return self.releases.verified(line, to=wish.to)
        return None if wish.to == line.release else self._unsigned(line, wish.to, wish.sha256)

    def _unsigned(self, line: Line, release: str, sha256: str) -> Unsigned:
        if not order(release) or not release.startswith(f"{line.name}."):
            raise UsageError(
                f'"{release[:40]}" is not a release of {line.name}', mend=f"give one such as {line.name}.1"
            )
        source = dataclasses.replace(line.source, url=address_of(line, release), sha256=sha256, pool=None)
        stored = self.stock.source(dataclasses.replace(line, release=release, source=source))
        return Unsigned(
            release=release,
            format=_format(source.url),
            sha256=sha256,
            origin=source.url,
            stored=stored,
            notes=(f"{release}: no signature was checked, only the sha256 that was given",),
        )

    def _each(self, lines: Sequence[Line], work: Callable[[Line], T]) -> tuple[T | Failed, ...]:
        def guarded(line: Line) -> T | Failed:
            try:
                return work(line)
            except OrchestratorError as error:
                return Failed(line=line, error=error)
            finally:
                self.progress.note(f"{line.name}: looked at ({next(done)} of {len(lines)})")

        done = iter(range(1, len(lines) + 1))
        return side_by_side(guarded, lines, lanes=_SIDE_BY_SIDE, cancel=self.cancellation.cancel)


def chosen_lines(matrix: Matrix, words: Sequence[str]) -> tuple[Line, ...]:
    """Choose lines by name, all without a word; in the order of the matrix. Raises `UsageError` for one that is not there."""
    names = [line.name for line in matrix.lines]
    for word in words:
        if word not in names:
            raise UsageError(f'there is no line "{word[:40]}" in {matrix.path}', mend=did_you_mean(word, names))
    return tuple(line for line in matrix.lines if not words or line.name in words)


def address_of(line: Line, release: str) -> str:
    """Give the address of another release's tarball on the release site: `.../3.7.3/Python-3.7.3.tar.xz`, and a candidate's in its release's directory."""
    site = line.source.url.rsplit("/", 2)[0]
    return f"{site}/{re.sub(r'(?:a|b|rc)[0-9]+$', '', release)}/Python-{release}.{_format(line.source.url)}"


def _format(url: str) -> str:
    return "tgz" if url.endswith(".tgz") else "tar.xz"
