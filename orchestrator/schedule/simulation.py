"""The real scheduler and conductor on a virtual clock: how long a farm would take, without building anything."""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.config.settings import Emulation
from orchestrator.schedule.bound import lower_bound
from orchestrator.schedule.conductor import Conductor, Ended, Patience
from orchestrator.schedule.model import Assignment, Node, Task
from orchestrator.schedule.scheduler import Priority, Scheduler, longest_way

#: Says how long a task really takes, in seconds.
Actual = Callable[[Assignment], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a node did: a task from `start` to `end` (seconds), and how it failed if it did."""

    cell: str
    stage: str
    node: str
    emulated: bool
    start: float
    end: float
    failure: FailureClass | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulated:
    """How a run would go. Seconds; `utilisation` is the share of all slots' time that was used, 0 to 1, by node and in all (under "")."""

    makespan: float
    lower_bound: float
    utilisation: Mapping[str, float]
    retries: int
    failed: Mapping[str, FailureClass]
    steps: tuple[Step, ...]

    @property
    def ratio(self) -> float:
        """Makespan over lower bound; 1 when there is nothing to do."""
        return self.makespan / self.lower_bound if self.lower_bound else 1.0


def simulate(  # noqa: PLR0913 - what a run can be told
    tasks: Sequence[Task],
    nodes: Sequence[Node],
    *,
    emulation: Emulation = Emulation.FALLBACK,
    jobs: int | None = None,
    actual: Actual = lambda assignment: assignment.expected,
    failures: Mapping[FailureClass, float] | None = None,
    patience: Patience | None = None,
    priority: Priority = longest_way,
    seed: int = 0,
) -> Simulated:
    """Lead a run to its end on a virtual clock. `failures` gives the probability with which any task fails in a way; `seed` makes it repeatable."""
    scheduler = Scheduler(tasks, nodes, emulation=emulation, jobs=jobs, priority=priority)
    workers = _VirtualWorkers(actual=actual, failures=dict(failures or {}), random=random.Random(seed))  # noqa: S311 - no secret
    memory = _Memory()
    Conductor(
        scheduler=scheduler,
        workers=workers,
        listener=memory,
        patience=patience or Patience(),
        random=random.Random(seed + 1),  # noqa: S311 - same
        heartbeat=math.inf,
    ).conduct()
    busy: dict[str, float] = defaultdict(float)
    for step in workers.steps:
        busy[step.node] += step.end - step.start
    slots = {node.name: node.slots for node in nodes}
    span = workers.clock
    utilisation = {name: busy[name] / (span * count) if span else 0.0 for name, count in slots.items()}
    whole = sum(slots.values()) * span
    return Simulated(
        makespan=span,
        lower_bound=lower_bound(tasks, nodes, emulation=emulation, jobs=jobs),
        utilisation={**utilisation, "": sum(busy.values()) / whole if whole else 0.0},
        retries=memory.retries,
        failed=memory.failed,
        steps=tuple(workers.steps),
    )


@dataclass(kw_only=True, slots=True)
class _VirtualWorkers:
    """Workers whose time passes only when somebody waits."""

    actual: Actual
    failures: Mapping[FailureClass, float]
    random: random.Random
    clock: float = 0.0
    steps: list[Step] = field(default_factory=list)
    _events: list[tuple[float, int, Ended, float]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> float:
        return self.clock

    def start(self, assignment: Assignment) -> None:
        self._count += 1
        seconds = self.actual(assignment)
        kind = next((kind for kind, rate in self.failures.items() if self.random.random() < rate), None)
        if kind is not None:
            seconds *= self.random.random()
        failure = None if kind is None else Failure(kind=kind, message="simulated")
        ended = Ended(assignment=assignment, failure=failure)
        heapq.heappush(self._events, (self.clock + seconds, self._count, ended, self.clock))

    def wait(self, seconds: float) -> Ended | None:
        if not self._events or self._events[0][0] > self.clock + seconds:
            self.clock += seconds
            return None
        self.clock, _, ended, began = heapq.heappop(self._events)
        one = ended.assignment
        self.steps.append(
            Step(
                cell=one.task.cell,
                stage=str(one.task.stage),
                node=one.node,
                emulated=one.emulated,
                start=began,
                end=self.clock,
                failure=ended.failure.kind if ended.failure else None,
            )
        )
        return ended

    def alive(self, node: str) -> bool:
        del node
        return True


@dataclass(slots=True)
class _Memory:
    """A listener that only counts."""

    retries: int = 0
    failed: dict[str, FailureClass] = field(default_factory=dict)

    def started(self, assignment: Assignment) -> None:
        """Nothing to remember."""

    def retried(self, assignment: Assignment, failure: Failure, seconds: float) -> None:
        del assignment, failure, seconds
        self.retries += 1

    def over(self, task: Task, node: str, failure: Failure | None, tries: int) -> None:
        del node, tries
        if failure is not None:
            self.failed[task.cell] = failure.kind

    def lost(self, node: str, failure: Failure) -> None:
        """Simulated nodes live."""

    def stopped(self, failure: Failure, cells: Sequence[str]) -> None:
        """What was dropped is told one by one."""

    def beat(self) -> None:
        """No clock of ours ticks."""
