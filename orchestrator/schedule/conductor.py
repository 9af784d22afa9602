"""The one thread that decides: starts what the scheduler gives, hears how it ended, tries again or gives up, stops when nothing can go well."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.build.treatment import Treatment, pause, treatment
from orchestrator.schedule.model import Assignment, Stage, Task
from orchestrator.schedule.scheduler import Scheduler

#: So many cells in a row that fail for good because of the network or a registry, with none that got through between: it is down.
BREAKS_AFTER = 3
#: Longest wait for news, in seconds: a listener that shows the time is called at least so often.
HEARTBEAT = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A task is over: with `failure`, or well. `prove_on` names the node that the image can be proven on (None: where it was built)."""

    assignment: Assignment
    failure: Failure | None = None
    prove_on: str | None = None


class Workers(Protocol):
    """Those who do the work. Only the conductor's thread calls them."""

    def now(self) -> float:
        """Seconds on their clock."""

    def start(self, assignment: Assignment) -> None:
        """Begin a task; comes back at once."""

    def wait(self, seconds: float) -> Ended | None:
        """Wait for the next task that ends; None when none has within `seconds`."""

    def alive(self, node: str) -> bool:
        """Say whether a node still answers."""


class Listener(Protocol):
    """Who wants to know. Every call comes from the conductor's thread."""

    def started(self, assignment: Assignment) -> None:
        """A task begins."""

    def retried(self, assignment: Assignment, failure: Failure, seconds: float) -> None:
        """It failed, and is tried again in so many seconds."""

    def over(self, task: Task, node: str, failure: Failure | None, tries: int) -> None:
        """A task is over for good; with a failure, its whole cell is."""

    def lost(self, node: str, failure: Failure) -> None:
        """A node does not answer any more."""

    def stopped(self, failure: Failure, cells: Sequence[str]) -> None:
        """Cells are given up before they are tried (again): nothing could go well."""

    def beat(self) -> None:
        """Time has passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long what is transient is tried again: tries in all, and seconds since the first failure."""

    attempts: int = 4
    seconds: float = 3600.0


@dataclass(kw_only=True, slots=True)
class Conductor:
    """Leads a run to its end. `conduct` may be left by an exception of the workers (an interruption); `drain` then waits for what runs."""

    scheduler: Scheduler
    workers: Workers
    listener: Listener
    patience: Patience = field(default_factory=Patience)
    fail_fast: bool = False
    random: random.Random = field(default_factory=random.Random)
    heartbeat: float = HEARTBEAT
    _since: dict[tuple[str, Stage], float] = field(default_factory=dict)
    _again: dict[tuple[str, Stage, FailureClass], int] = field(default_factory=dict)
    _failed: dict[str, Failure] = field(default_factory=dict)
    _in_a_row: int = 0
    _stopping: Failure | None = None

    def conduct(self) -> None:
        """Work until nothing is left."""
        self._drop_impossible()
        while not self.scheduler.done:
            now = self.workers.now()
            for assignment in self.scheduler.start(now):
                self.workers.start(assignment)
                self.listener.started(assignment)
            wake = self.scheduler.next_wake()
            if not self.scheduler.running and wake is None:
                # Nothing runs, nothing rests, and nothing could start: a task that no rule lets go would wait for ever.
                self._drop(self.scheduler.waiting(), _stuck())
                continue
            ended = self.workers.wait(self.heartbeat if wake is None else min(self.heartbeat, max(0.0, wake - now)))
            if ended is not None:
                self._ended(ended)
            self.listener.beat()

    def drain(self) -> None:
        """Start nothing more; wait until what runs has ended."""
        self._stop(Failure(kind=FailureClass.CANCELLED, message="not tried: the run was stopped"), tell=False)
        while self.scheduler.running:
            ended = self.workers.wait(self.heartbeat)
            if ended is not None:
                self._over(ended, ended.failure)
        for task in self.scheduler.waiting():
            if self.scheduler.waits(task.cell, task.stage):
                self.scheduler.give_up(task.cell, task.stage)
                built = Failure(kind=FailureClass.CANCELLED, message="built, and stopped before it was proven")
                self.listener.over(task, "", built, 1)

    def _ended(self, ended: Ended) -> None:
        task, failure = ended.assignment.task, ended.failure
        if failure is None:
            if task.stage is Stage.BUILD:
                self._in_a_row = 0
            self._over(ended, None)
            return
        self._failed[task.cell] = failure
        deserved = treatment(failure.kind)
        if self._stopping is None and self._lost(ended, failure, deserved):
            return
        seconds = self._pause(ended.assignment, failure, deserved)
        if seconds is not None and self._stopping is None:
            self.listener.retried(ended.assignment, failure, seconds)
            crash = failure.kind is FailureClass.EMULATOR_CRASH
            at = self.workers.now() + seconds
            self.scheduler.again(task.cell, task.stage, at=at, elsewhere=crash, careful=crash)
            return
        self._over(ended, failure)
        self._judge(failure, deserved)

    def _lost(self, ended: Ended, failure: Failure, deserved: Treatment) -> bool:
        """Leave out a node that does not answer any more, or whose disk is full; its task goes elsewhere. False when that is not so."""
        task, node, home = ended.assignment.task, ended.assignment.node, self.scheduler.home
        full = failure.kind is FailureClass.DISK_FULL
        if not full and (deserved.blames != "engine" or self.workers.alive(node)):
            return False
        known = any(one.name == node for one in self.scheduler.nodes)
        if full and known and (node == home or len(self.scheduler.nodes) == 1):
            return False
        if known:
            self.scheduler.lose(node)
            self.listener.lost(node, failure)
        if node == home:
            # Every image comes home: without it nothing can be finished anywhere.
            self._over(ended, failure)
            self._stop(Failure(kind=failure.kind, message=f"not tried: the engine does not answer: {failure.message}"))
            return True
        self.scheduler.again(task.cell, task.stage, at=self.workers.now())
        self._drop_impossible(failure)
        return True

    def _pause(self, assignment: Assignment, failure: Failure, deserved: Treatment) -> float | None:
        """Seconds until the next try; None when there is none."""
        task = assignment.task
        name = (task.cell, task.stage, failure.kind)
        done = self._again.get(name, 0)
        allowed = self.patience.attempts - 1 if deserved.again is None else deserved.again
        if done >= allowed or assignment.tries >= self.patience.attempts + 2:
            return None
        seconds = pause(failure.kind, done + 1, failure.after, self.random)
        # A build may take hours before it meets a network: the time is counted from there.
        since = self._since.setdefault((task.cell, task.stage), self.workers.now())
        if deserved.again is None and self.workers.now() + seconds - since > self.patience.seconds:
            return None
        self._again[name] = done + 1
        return seconds

    def _over(self, ended: Ended, failure: Failure | None) -> None:
        task, node = ended.assignment.task, ended.assignment.node
        tries = self.scheduler.tries(task.cell, task.stage)
        if failure is None:
            self.scheduler.finish(task.cell, task.stage, prove_on=ended.prove_on or node)
            self._failed.pop(task.cell, None)
        else:
            self.scheduler.give_up(task.cell, task.stage)
        self.listener.over(task, node, failure, tries)

    def _judge(self, failure: Failure, deserved: Treatment) -> None:
        """Break the circuit: what failed for a reason that every other cell shares is not tried 44 times."""
        down = deserved.blames in {"network", "registry"}
        self._in_a_row = self._in_a_row + 1 if down else self._in_a_row
        if self.fail_fast:
            self._stop(Failure(kind=FailureClass.CANCELLED, message="not tried: --fail-fast, and a cell has failed"))
        elif failure.kind is FailureClass.DISK_FULL:
            self._stop(Failure(kind=failure.kind, message=f"not tried: {failure.kind}: {failure.message}"))
        elif self._in_a_row >= BREAKS_AFTER:
            message = (
                f"not tried: {self._in_a_row} cells in a row failed, the last with {failure.kind}: {failure.message}"
            )
            self._stop(Failure(kind=failure.kind, message=message))

    def _stop(self, failure: Failure, *, tell: bool = True) -> None:
        if self._stopping is None:
            self._stopping = failure
            self._drop(self.scheduler.waiting(), failure, tell=tell)

    def _drop_impossible(self, cause: Failure | None = None) -> None:
        by_platform: dict[str, list[Task]] = {}
        for task in self.scheduler.impossible():
            by_platform.setdefault(task.platform, []).append(task)
        for tasks in by_platform.values():
            self._drop(tasks, _no_node(tasks[0], cause))

    def _drop(self, tasks: Sequence[Task], failure: Failure, *, tell: bool = True) -> None:
        """Give up cells of which nothing runs; what has begun is brought to its end. A cell that has failed before keeps its own failure."""
        begun = {assignment.task.cell for assignment in self.scheduler.running}
        dropped: list[tuple[Task, int]] = []
        for task in tasks:
            if task.cell not in begun and self.scheduler.waits(task.cell, task.stage):
                begun.add(task.cell)
                dropped.append((task, self.scheduler.tries(task.cell, task.stage)))
                self.scheduler.give_up(task.cell, task.stage)
        if dropped and tell:
            self.listener.stopped(failure, [task.cell for task, _ in dropped])
        for task, tries in dropped:
            own = self._failed.get(task.cell)
            self.listener.over(task, "", own or failure, tries if own is not None else 0)


def _stuck() -> Failure:
    return Failure(kind=FailureClass.UNKNOWN, message="not tried: no slot will ever be free for it")


_MEND = "mend: add a builder that runs it to builders: in the config, or set emulation: fallback there; 'orchestrator doctor' says more"


def _no_node(task: Task, cause: Failure | None) -> Failure:
    kind = FailureClass.EMULATOR_MISSING if cause is None else cause.kind
    why = f" ({cause.message})" if cause is not None else ""
    return Failure(kind=kind, message=f"not tried: no living builder runs {task.platform}{why}", tail=(_MEND,))
