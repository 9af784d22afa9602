"""Failures that share a cause, told once: forty cells that lack the same mirror are one thing to mend."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.report.run.model import CellReport, CellState, FailureLine

#: What differs between messages that mean the same: digests, addresses in memory, sizes, times, counts.
_PARTICULAR = re.compile(r"\b(?:sha256:)?[0-9a-f]{12,}\b|\b0x[0-9a-f]+\b|\d+(?:[.:]\d+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Cells (in published order) that failed in one way. What is shown of it is the first cell's, which `shown` is.

    `since` and `since_run` are the earliest of all (None where none failed before this run), `times` the longest row of failures. `changed` pairs
    each difference of a key with the number of cells that have it. `otherwise` is `reproduce` without make.
    """

    kind: str
    message: str
    cells: tuple[CellReport, ...]
    since: datetime | None
    since_run: int | None
    changed: tuple[tuple[str, int], ...]
    tail: tuple[str, ...]
    reproduce: str
    otherwise: str
    times: int
    proven: datetime | None
    proven_run: int | None

    @property
    def shown(self) -> CellReport:
        """The cell whose message, last lines and command stand for all."""
        return self.cells[0]

    @property
    def new(self) -> bool:
        """True when every one of them was fine, or not there, in the run before."""
        return self.since_run is None


def causes(cells: Iterable[CellReport], *, run: int) -> tuple[Cause, ...]:
    """Group the cells that failed; the cause with most cells first, then in published order. `run` is the run that is told of."""
    groups: dict[tuple[str, str], list[tuple[CellReport, FailureLine]]] = {}
    for cell, failure in _failures(cells):
        groups.setdefault((failure.kind, _general(failure.message, cell)), []).append((cell, failure))
    return tuple(_cause(group, run) for group in sorted(groups.values(), key=len, reverse=True))


def _failures(cells: Iterable[CellReport]) -> Iterator[tuple[CellReport, FailureLine]]:
    for cell in cells:
        if cell.touched and cell.failure is not None:
            yield cell, cell.failure
        elif cell.touched and cell.state is CellState.FAILED:
            nothing = FailureLine(
                kind="unknown", message="", tail=cell.log_tail, since=None, since_run=None, changed=(), reproduce=""
            )
            yield cell, nothing


def _cause(group: Sequence[tuple[CellReport, FailureLine]], run: int) -> Cause:
    failures = [failure for _, failure in group]
    earlier = [one for one in failures if one.since_run is not None and one.since_run != run]
    first = min(earlier, key=lambda one: one.since_run or 0, default=None)
    changed = Counter(sentence for failure in failures for sentence in dict.fromkeys(failure.changed))
    return Cause(
        kind=failures[0].kind,
        message=failures[0].message,
        cells=tuple(cell for cell, _ in group),
        since=first.since if first else None,
        since_run=first.since_run if first else None,
        changed=tuple(changed.most_common()),
        tail=failures[0].tail,
        reproduce=failures[0].reproduce,
        otherwise=failures[0].otherwise,
        times=max(one.times for one in failures),
        proven=failures[0].proven,
        proven_run=failures[0].proven_run,
    )


def _general(message: str, cell: CellReport) -> str:
    """Take out of a message what is this cell's alone."""
    for word in (cell.id, cell.image, cell.variant, cell.platform, cell.arch, cell.release, cell.line):
        if word:
            message = message.replace(word, "*")
    return _PARTICULAR.sub("#", message)
