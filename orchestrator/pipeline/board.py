"""The seam through which a run tells a person how it goes. Implementations live in `orchestrator.report`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.build.failure import Failure
from orchestrator.plan.plan import PlannedCell
from orchestrator.schedule.model import Assignment, Node

if TYPE_CHECKING:
    from orchestrator.pipeline.cell import CellResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What a run has before it: its cells in the order of the plan, its nodes, and the seconds that it is expected to take in all."""

    planned: Sequence[PlannedCell]
    nodes: Sequence[Node]
    seconds: float


class Board(Protocol):
    """What a run tells while it goes on. Every call comes from one thread, in the order in which things happen."""

    def open(self, outlook: Outlook) -> None:
        """The run begins."""

    def begin(self, planned: PlannedCell, assignment: Assignment) -> None:
        """A stage of a cell begins on a node."""

    def step(self, planned: PlannedCell, step: str) -> None:
        """A step of it begins: BuildKit's name for it (`[build 4/9] RUN make -j 2`), or `[prove 3/57] pip/version`."""

    def retry(self, planned: PlannedCell, failure: Failure, *, tries: int, seconds: float) -> None:
        """It failed for the `tries`th time in a way that may pass; it is tried again in so many seconds."""

    def end(self, result: CellResult) -> None:
        """A cell is done, or has failed for good."""

    def expect(self, seconds: float) -> None:
        """The run is now expected to take so many more seconds."""

    def close(self) -> None:
        """The run is over, perhaps in the middle of cells."""
