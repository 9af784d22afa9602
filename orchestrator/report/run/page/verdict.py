"""What the first screen says before anything else: how the run went, in one sentence and a few numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.report.run.model import CellState, RunReport
from orchestrator.report.wording import count, spoken

#: Nothing came to grief in these.
_WELL = frozenset({CellState.PROVEN, CellState.NEVER})


class Tone(StrEnum):
    """How it is to be taken."""

    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many cells are in a state."""

    state: CellState
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A headline, how the run ended (the exit code in words, or that it did not end), how long it took, and how the cells stand.

    `before` counts cells that the run left alone and that failed, or were stopped, in an earlier one.
    """

    tone: Tone
    headline: str
    ended: str
    lasted: str
    worked: int
    tallies: tuple[Tally, ...]
    before: int


def verdict(report: RunReport) -> Verdict:
    """Judge a run."""
    numbers = Counter(cell.state for cell in report.cells)
    worked = [cell for cell in report.cells if cell.touched]
    tone, headline = _headline(report, len(worked))
    return Verdict(
        tone=tone,
        headline=headline,
        ended=report.verdict,
        lasted="" if report.ended is None else spoken((report.ended - report.started).total_seconds()),
        worked=len(worked),
        tallies=tuple(Tally(state=state, number=numbers[state]) for state in CellState if numbers[state]),
        before=sum(not cell.touched and cell.state not in _WELL for cell in report.cells),
    )


def _headline(report: RunReport, worked: int) -> tuple[Tone, str]:
    failed = sum(cell.state is CellState.FAILED for cell in report.failed)
    unfinished = len(report.failed)
    if failed:
        return Tone.BAD, f"{failed} of {count(worked, 'cell')} failed"
    if report.code is None:
        return Tone.UNSURE, "At work" if report.going else "The run was killed"
    if unfinished:
        return (
            Tone.UNSURE,
            f"{unfinished} of {count(worked, 'cell')} {'was' if unfinished == 1 else 'were'} not finished",
        )
    if report.held_back:
        return Tone.UNSURE, f"{count(len(report.held_back), 'image')} held back"
    if report.code:
        return Tone.BAD, "No cell failed, but the run did"
    return Tone.GOOD, {0: "Nothing to do", 1: "Proven", 2: "Both cells proven"}.get(
        worked, f"All {worked} cells proven"
    )
