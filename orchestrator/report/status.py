"""Where a run stands: what was told to its board, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.build.phases import phase_of, step_number
from orchestrator.pipeline.board import Outlook
from orchestrator.pipeline.cell import CellResult
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.schedule.model import Assignment, Node, Stage

#: What a step is called that is not BuildKit's.
_PROVE = "[prove "


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A cell that has begun and not ended. Times are readings of the board's clock, in seconds.

    `begun` is when its first stage began, `stage_begun` and `phase_begun` when what is done now did; `number` is (step, of steps).
    `again` is when it will be tried again, while it waits for that (None: it is being worked on).
    """

    planned: PlannedCell
    assignment: Assignment
    phase: str
    begun: float
    stage_begun: float
    phase_begun: float
    number: tuple[int, int] | None = None
    again: float | None = None

    @property
    def id(self) -> str:
        """The cell's id."""
        return self.planned.cell.id

    def overdue(self, now: float) -> float | None:
        """Seconds that its stage goes on for longer than expected; negative while it does not, None where nothing is known."""
        expected = self.assignment.expected
        return now - self.stage_begun - expected if expected > 0 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """How many cells that there is something to do for are where."""

    done: int
    failed: int
    running: int
    waiting: int
    all: int


class Status:
    """Follows a run. Written by one thread; any other may read, since every value in it is frozen and replaced as a whole."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._cells: dict[str, Running] = {}
        self._wanted: set[str] = set()
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._end: float | None = None
        self.nodes: tuple[Node, ...] = ()

    @property
    def now(self) -> float:
        """The time by the clock that everything in here was noted by."""
        return self._clock()

    @property
    def cells(self) -> tuple[Running, ...]:
        """Cells that have begun and not ended: those that are worked on, then those that wait for another try."""
        return tuple(sorted(self._cells.values(), key=lambda one: one.again is not None))

    @property
    def left(self) -> float | None:
        """Seconds that the run is expected to go on for; negative when it is late, None when nothing was said about it."""
        return None if self._end is None else self._end - self._clock()

    @property
    def totals(self) -> Totals:
        """Count the cells."""
        running = sum(one.again is None for one in tuple(self._cells.values()))
        done, failed, wanted = len(self._done), len(self._failed), len(self._wanted)
        return Totals(
            done=done, failed=failed, running=running, waiting=max(0, wanted - done - failed - running), all=wanted
        )

    def slots(self, node: Node) -> tuple[int, int]:
        """Count the slots of a node that are in use, and those of them that are emulated."""
        used = [one for one in tuple(self._cells.values()) if one.again is None and one.assignment.node == node.name]
        return len(used), sum(one.assignment.emulated for one in used)

    def open(self, outlook: Outlook) -> None:
        """The run begins."""
        self.nodes = tuple(outlook.nodes)
        self._wanted = {one.cell.id for one in outlook.planned if one.action is not Action.NOTHING}
        if outlook.seconds > 0:
            self.expect(outlook.seconds)

    def begin(self, planned: PlannedCell, assignment: Assignment) -> tuple[Running, bool]:
        """Note that a stage of a cell begins; the answer says, too, whether it is the cell's first."""
        now, before = self._clock(), self._cells.get(planned.cell.id)
        running = Running(
            planned=planned,
            assignment=assignment,
            phase="prove" if assignment.task.stage is Stage.PROVE else "base",
            begun=before.begun if before else now,
            stage_begun=now,
            phase_begun=now,
        )
        self._wanted.add(running.id)
        self._cells[running.id] = running
        return running, before is None

    def step(self, planned: PlannedCell, step: str) -> Running | None:
        """Note a step; None for a cell that has not begun."""
        running = self._cells.get(planned.cell.id)
        if running is None:
            return None
        phase = "prove" if step.startswith(_PROVE) else str(phase_of(step))
        begun = running.phase_begun if phase == running.phase else self._clock()
        running = replace(running, phase=phase, phase_begun=begun, number=step_number(step), again=None)
        self._cells[running.id] = running
        return running

    def retry(self, planned: PlannedCell, seconds: float) -> None:
        """Note that a cell is tried again in so many seconds."""
        running = self._cells.get(planned.cell.id)
        if running is not None:
            self._cells[running.id] = replace(running, again=self._clock() + seconds, number=None)

    def end(self, result: CellResult) -> Running | None:
        """Note that a cell has ended; the answer is where it stood."""
        running = self._cells.pop(result.cell.id, None)
        if result.failure is not None:
            self._failed.add(result.cell.id)
            self._wanted.add(result.cell.id)
        elif not result.done_before:
            self._done.add(result.cell.id)
            self._wanted.add(result.cell.id)
        return running

    def expect(self, seconds: float) -> None:
        """Note how long the run will still take, in seconds."""
        self._end = self._clock() + max(0.0, seconds)

    def close(self) -> tuple[Running, ...]:
        """The run is over; the answer is what had not ended."""
        cells = self.cells
        self._cells = {}
        return cells
