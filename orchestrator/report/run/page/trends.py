"""What the run cost and what it left, over the runs before it, summed up from what each cell remembers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from orchestrator.report.run.model import CellState, RunReport

#: So many runs are shown at most; more could not be told apart at phone width.
LIMIT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTrend:
    """A run that built something: seconds of builds by how they were executed, and what all images together weigh after it (bytes).

    `seconds` is how long the run took on the clock, 0 where it is not known.
    """

    number: int
    started: datetime
    seconds: float
    native: float
    emulated: float
    cells: int
    failed: int
    size: int


def run_trends(report: RunReport) -> tuple[RunTrend, ...]:
    """Sum up by run, oldest first. A cell that a run left alone weighs what it weighed before; one that was never built weighs nothing."""
    points = sorted(
        ((point.run, number, point) for number, cell in enumerate(report.cells) for point in cell.trend),
        key=lambda item: item[:2],
    )
    began = {one.number: one.started for one in report.history}
    lasted = {one.number: one.seconds for one in report.history}
    began.setdefault(report.number, report.started)
    if report.ended is not None:
        lasted.setdefault(report.number, (report.ended - report.started).total_seconds())
    sizes: dict[int, int] = {}
    spent: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    counted: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    weights: dict[int, int] = {}
    total = 0
    for run, cell, point in points:
        began[run] = min(began.get(run, point.started), point.started)
        spent[run][point.emulated] += point.seconds
        counted[run][0] += 1
        counted[run][1] += point.state is CellState.FAILED
        if point.size:
            total += point.size - sizes.get(cell, 0)
            sizes[cell] = point.size
        weights[run] = total
    weight = 0
    found = []
    for run in sorted(began):
        weight = weights.get(run, weight)
        found.append(
            RunTrend(
                number=run,
                started=began[run],
                seconds=lasted.get(run, 0.0),
                native=spent[run][0],
                emulated=spent[run][1],
                cells=counted[run][0],
                failed=counted[run][1],
                size=weight,
            )
        )
    return tuple(found[-LIMIT:])
