"""What became of a cell in a run."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.build.failure import Failure
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell
from orchestrator.plan.plan import PlannedCell


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """What became of a cell. `done_before` says that nothing had to be done; `tags` are its local references when proven.

    `tries` counts the attempts of this run (0: it was not tried, because the run was stopped), `node` names the builder that the last one
    ran on (empty where none did).
    """

    planned: PlannedCell
    attempt: Attempt | None
    failure: Failure | None
    tags: tuple[str, ...]
    seconds: float
    done_before: bool = False
    tries: int = 1
    node: str = ""

    @property
    def cell(self) -> Cell:
        """The cell."""
        return self.planned.cell

    @property
    def ok(self) -> bool:
        """True when the cell is proven."""
        return self.failure is None

    @property
    def tried(self) -> bool:
        """False when the run was stopped before it came to this cell."""
        return self.ok or self.tries > 0
