"""Results of cells, made up."""

from __future__ import annotations

from orchestrator.build.execution import Execution
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.ledger.records import Attempt, PhaseRecord, ProofRecord, State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.cell import CellResult
from orchestrator.plan.key import Key
from orchestrator.plan.plan import Action, Known, PlannedCell

FAILURE = Failure(
    kind=FailureClass.COMPILE, message="[build 5/9] RUN make", tail=("cc: [red]error[/red]", "make: *** [all] Error 2")
)


def planned(cell: Cell, action: Action = Action.BUILD, *, emulator: str = "") -> PlannedCell:
    known = Known(dockerfile="", base_digest="", execution=Execution(emulator=emulator))
    return PlannedCell(cell=cell, key=Key(value="k" * 64, ingredients={}), action=action, reason="new", known=known)


def attempt(cell: Cell, state: State = State.PROVEN) -> Attempt:
    return Attempt(
        id=1, run=1, cell=cell.id, key="k" * 64, state=state, execution="native", reference="local/x:k",
        digest="sha256:0123456789abcdef", size=123_456_789, started="2026-01-01T00:00:00.000+00:00", seconds=61.2,
        log="/logs/cell.log", failure_class="", message="", ingredients={},
        phases=(
            PhaseRecord(name="packages", seconds=0.0, cached=True),
            PhaseRecord(name="compile", seconds=59.04, cached=False),
        ),
        proofs=(ProofRecord(name="architecture/machine", verdict="passed", detail="x86_64", seconds=0.1),),
    )  # fmt: skip


def result(cell: Cell, *, failure: Failure | None = None, before: bool = False, emulator: str = "") -> CellResult:
    return CellResult(
        planned=planned(cell, Action.NOTHING if before else Action.BUILD, emulator=emulator),
        attempt=attempt(cell, State.FAILED if failure else State.PROVEN),
        failure=failure,
        tags=() if failure else ("amd64/python:3.7.2", "amd64/python:3.7", "amd64/python:3"),
        seconds=65.0,
        done_before=before,
    )
