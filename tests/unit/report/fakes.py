"""Results of cells, plans, clocks and terminals, made up."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from orchestrator.build.execution import Execution
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.ledger.records import Attempt, PhaseRecord, ProofRecord, State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.board import Outlook
from orchestrator.pipeline.cell import CellResult
from orchestrator.plan.key import Key
from orchestrator.plan.plan import Action, Known, PlannedCell
from orchestrator.schedule.model import Assignment, Node, Stage, Task

NEAR = Node(
    name="near", native=frozenset({"linux/amd64"}), emulated=frozenset({"linux/arm64"}), slots=2, emulated_slots=1
)
FAR = Node(name="far", native=frozenset({"linux/arm64"}), slots=4)

FAILURE = Failure(
    kind=FailureClass.COMPILE, message="[build 5/9] RUN make", tail=("cc: [red]error[/red]", "make: *** [all] Error 2")
)


def planned(cell: Cell, action: Action = Action.BUILD, *, emulator: str = "") -> PlannedCell:
    known = Known(dockerfile="", base_digest="", execution=Execution(emulator=emulator))
    return PlannedCell(cell=cell, key=Key(value="k" * 64, ingredients={}), action=action, reason="new", known=known)


def attempt(cell: Cell, state: State = State.PROVEN, *, execution: str = "native") -> Attempt:
    return Attempt(
        id=1, run=1, cell=cell.id, key="k" * 64, state=state, execution=execution, reference="local/x:k",
        digest="sha256:0123456789abcdef", size=123_456_789, started="2026-01-01T00:00:00.000+00:00", seconds=61.2,
        log="/logs/cell.log", failure_class="", message="", ingredients={},
        phases=(
            PhaseRecord(name="packages", seconds=0.0, cached=True),
            PhaseRecord(name="compile", seconds=59.04, cached=False),
        ),
        proofs=(ProofRecord(name="architecture/machine", verdict="passed", detail="x86_64", seconds=0.1),),
    )  # fmt: skip


def result(
    cell: Cell,
    *,
    failure: Failure | None = None,
    before: bool = False,
    emulator: str = "",
    action: Action = Action.BUILD,
    tries: int = 1,
    node: str = "",
) -> CellResult:
    return CellResult(
        planned=planned(cell, Action.NOTHING if before else action, emulator=emulator),
        attempt=attempt(cell, State.FAILED if failure else State.PROVEN, execution=str(Execution(emulator=emulator))),
        failure=failure,
        tags=() if failure else ("amd64/python:3.7.2", "amd64/python:3.7", "amd64/python:3"),
        seconds=65.0,
        done_before=before,
        tries=tries,
        node=node,
    )


def assignment(
    cell: Cell,
    *,
    stage: Stage = Stage.BUILD,
    node: str = "near",
    emulated: bool = False,
    expected: float = 300.0,
    tries: int = 1,
) -> Assignment:
    task = Task(
        cell=cell.id,
        stage=stage,
        image=cell.image.id,
        platform=str(cell.architecture.platform),
        native=1.0,
        emulated=9.0,
    )
    return Assignment(task=task, node=node, emulated=emulated, expected=expected, tries=tries)


def outlook(cells: Sequence[PlannedCell], *, nodes: Sequence[Node] = (NEAR,), seconds: float = 600.0) -> Outlook:
    return Outlook(planned=cells, nodes=nodes, seconds=seconds)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A terminal as far as rich uses it here: lines, the cursor going up, and rows being erased. It never wraps: that is for its users."""

    def __init__(self, text: str) -> None:
        self.rows = [""]
        self.row = 0
        self.widest = self.tallest = 0
        while text:
            text = self._take(text)

    def _take(self, text: str) -> str:
        if text.startswith("\x1b["):
            end, code = next((place, sign) for place, sign in enumerate(text) if sign.isalpha())
            number = text[2:end]
            if code == "A":
                self.row -= int(number)
                assert self.row >= 0, "above the first row"
            elif code == "K":
                self.rows[self.row] = ""
            else:
                assert code in "mhl", f"unknown: {text[: end + 1]!r}"
            return text[end + 1 :]
        if text[0] == "\n":
            self.row += 1
            if self.row == len(self.rows):
                self.rows.append("")
        elif text[0] != "\r":
            self.rows[self.row] += text[0]
            self.widest = max(self.widest, len(self.rows[self.row]))
            self.tallest = max(self.tallest, len(self.rows))
        return text[1:]


def terminal(out: io.StringIO, *, width: int = 100, height: int = 30) -> Console:
    """A console that takes `out` for a terminal, whatever is set where the tests run."""
    return Console(
        file=out, force_terminal=True, width=width, height=height, highlight=False, _environ={"TERM": "xterm"}
    )


def pipe(out: io.StringIO) -> Console:
    """A console on something that is none; narrow, so that a line that it wraps is seen."""
    return Console(file=out, force_terminal=False, width=40, highlight=False, _environ={})
