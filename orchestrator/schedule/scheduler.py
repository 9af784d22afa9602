"""Which task starts next, and on which node: list scheduling, the longest way to the end first. Pure: it is told the time, it starts nothing.

Longest first bounds the makespan, and what is left over at the end is short. A platform that some living node runs natively goes there.
Source: R. L. Graham, Bounds on Multiprocessing Timing Anomalies, https://doi.org/10.1137/0117039
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.config.settings import Emulation
from orchestrator.schedule.model import Assignment, Node, Stage, Task

#: What decides between tasks that could start now: the highest goes first.
Priority = Callable[[Task, float], float]

_Kind = tuple[
    str, str | None
]  # tasks that can replace each other in a queue: platform, and the node that they are tied to
_Queued = tuple[float, int]  # priority (negative, for a heap that gives the smallest first) and index of a task
_Rank = tuple[bool, float, bool, float, int]  # the smallest goes first; ends in the index of the task


def longest_way(task: Task, way: float) -> float:
    """Prefer what has the longest way to the end of its cell; `way` is in seconds."""
    del task
    return way


def results_early(task: Task, way: float) -> float:
    """Prefer proofs to builds, so that results come early; else like `longest_way`."""
    return way + (1e9 if task.stage is Stage.PROVE else 0.0)


@dataclass(slots=True)
class _Load:
    """What a node is doing: how many tasks, and how many of these are emulated."""

    busy: int = 0
    emulated: int = 0
    running: set[int] = field(default_factory=set)


class Scheduler:
    """Tasks that wait, run, rest between two tries, or are over; nodes with their free slots.

    Stages of one cell follow each other in the order of `Stage`. `jobs` limits how many run in all. `home` is the node that has every image:
    what was to be proven on a node that is lost is proven there. One thread uses it.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        nodes: Sequence[Node],
        *,
        emulation: Emulation = Emulation.FALLBACK,
        jobs: int | None = None,
        priority: Priority = longest_way,
        home: str | None = None,
    ) -> None:
        self._tasks = list(tasks)
        self._index = {(task.cell, task.stage): number for number, task in enumerate(self._tasks)}
        self._nodes = {node.name: node for node in nodes}
        self._loads = {node.name: _Load() for node in nodes}
        self._emulation = emulation
        self._jobs = jobs
        self._priority = priority
        self.home = home
        self._tries: dict[int, int] = defaultdict(int)
        self._kinds: list[_Kind] = [(task.platform, task.node) for task in self._tasks]
        self._avoid: dict[int, str] = {}
        self._careful: set[int] = set()
        self._next = self._successors()
        self._left = set(range(len(self._tasks)))
        self._ready: dict[_Kind, list[_Queued]] = defaultdict(list)
        self._resting: list[tuple[float, int]] = []
        self._running: dict[int, Assignment] = {}
        waiting = set(self._next.values())
        self._native = self._native_nodes()
        self._ways: dict[str, list[tuple[_Kind, bool, int]]] = {}
        self._keys = [-self._priority(task, self._way(number)) for number, task in enumerate(self._tasks)]
        for number in range(len(self._tasks)):
            if number not in waiting:
                self._queue(number)

    @property
    def running(self) -> tuple[Assignment, ...]:
        """What runs now."""
        return tuple(self._running.values())

    @property
    def done(self) -> bool:
        """True when nothing waits, rests or runs."""
        return not self._left

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that are alive."""
        return tuple(self._nodes.values())

    def waiting(self) -> tuple[Task, ...]:
        """What is neither over nor running, in the order that it was given."""
        return tuple(self._tasks[number] for number in sorted(self._left - self._running.keys()))

    def waits(self, cell: str, stage: Stage) -> bool:
        """True when a task is neither over nor running."""
        number = self._index[cell, stage]
        return number in self._left and number not in self._running

    def next_wake(self) -> float | None:
        """The time at which the next resting task may be tried again; None when none rests."""
        return self._resting[0][0] if self._resting else None

    def start(self, now: float) -> Iterator[Assignment]:
        """Give what is to start at this time, one after the other; whoever takes it starts it."""
        while self._resting and self._resting[0][0] <= now:
            self._queue(heapq.heappop(self._resting)[1])
        while self._jobs is None or len(self._running) < self._jobs:
            found = self._best()
            if found is None:
                return
            yield self._take(*found)

    def finish(self, cell: str, stage: Stage, *, prove_on: str | None = None) -> None:
        """A task is over and well: what follows it may start; `prove_on` ties that to a node."""
        number = self._release(cell, stage)
        self._left.discard(number)
        follower = self._next.get(number)
        if follower is not None and follower in self._left:
            if prove_on is not None:
                self._kinds[follower] = (self._kinds[follower][0], self._alive(prove_on))
            self._queue(follower)

    def again(self, cell: str, stage: Stage, *, at: float, elsewhere: bool = False, careful: bool = False) -> None:
        """A task failed in a way that may pass: it rests until the time `at`.

        `elsewhere` keeps it from the same node while there is another, `careful` is handed on with the next assignment.
        """
        node = self._running[self._index[cell, stage]].node
        number = self._release(cell, stage)
        if elsewhere:
            self._avoid[number] = node
        if careful:
            self._careful.add(number)
        heapq.heappush(self._resting, (at, number))

    def give_up(self, cell: str, stage: Stage) -> None:
        """A task failed for good: what follows it in its cell is dropped, too. It may be running, waiting or resting."""
        number = self._index[cell, stage]
        if number in self._running:
            self._release(cell, stage)
        dropped: int | None = number
        while dropped is not None:
            self._left.discard(dropped)
            dropped = self._next.get(dropped)
        self._resting = [entry for entry in self._resting if entry[1] in self._left]
        heapq.heapify(self._resting)

    def lose(self, node: str) -> None:
        """A node is gone; what runs on it has to be told as failed by whoever started it. What is tied to it is tied to `home`."""
        self._nodes.pop(node, None)
        self._native = self._native_nodes()
        self._ways.clear()
        resting = {number for _, number in self._resting}
        waiting = set(self._next.values()) - {number for kind in self._ready.values() for _, number in kind}
        for number in sorted(self._left):
            platform, tied = self._kinds[number]
            if tied == node:
                self._kinds[number] = (platform, self._alive(node))
                # What runs is queued when its end is told, what rests when it wakes, what follows another stage after that.
                if number not in self._running and number not in resting and number not in waiting:
                    self._queue(number)

    def _alive(self, node: str) -> str | None:
        """The node, else the one that has every image; None when both are gone."""
        return next((name for name in (node, self.home) if name in self._nodes), None)

    def impossible(self) -> tuple[Task, ...]:
        """What waits although no living node can ever run it."""
        can: dict[_Kind, bool] = {}
        found = []
        for number in sorted(self._left - self._running.keys()):
            kind = self._kinds[number]
            if kind not in can:
                can[kind] = any(self._way_to_run(node, kind) is not None for node in self._nodes.values())
            if not can[kind]:
                found.append(self._tasks[number])
        return tuple(found)

    def tries(self, cell: str, stage: Stage) -> int:
        """How often a task has been started."""
        return self._tries[self._index[cell, stage]]

    def _successors(self) -> dict[int, int]:
        stages = tuple(Stage)
        followers = {}
        for number, task in enumerate(self._tasks):
            for later in stages[stages.index(task.stage) + 1 :]:
                if (task.cell, later) in self._index:
                    followers[number] = self._index[task.cell, later]
                    break
        return followers

    def _native_nodes(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self._nodes.values():
            for platform in node.native if node.builds else ():
                found[platform].append(node)
        return found

    def _way(self, number: int) -> float:
        """Seconds from the start of a task to the end of its cell, each stage executed in its best way."""
        task = self._tasks[number]
        own = task.seconds(emulated=task.platform not in self._native)
        follower = self._next.get(number)
        return own + (self._way(follower) if follower is not None else 0.0)

    def _queue(self, number: int) -> None:
        kind = self._kinds[number]
        if kind not in self._ready:
            self._ways.clear()
        heapq.heappush(self._ready[kind], (self._keys[number], number))

    def _top(self, kind: _Kind) -> _Queued | None:
        """The first of a queue; what is over by now, or has been tied to another node, is dropped."""
        queue = self._ready[kind]
        while queue:
            first = queue[0]
            number = first[1]
            if number in self._left and number not in self._running and self._kinds[number] == kind:
                return first
            heapq.heappop(queue)
        return None

    def _way_to_run(self, node: Node, kind: _Kind) -> bool | None:
        """Whether a node would emulate tasks of a kind; None when it may not run them."""
        platform, tied = kind
        native = platform in node.native
        if tied is not None:
            forbidden = tied != node.name or (not native and self._emulation is Emulation.NEVER)
            return None if forbidden else not native
        if not node.builds:
            return None
        if native:
            return False
        if self._emulation is Emulation.NEVER or platform not in node.emulated or node.emulated_slots == 0:
            return None
        if self._emulation is Emulation.FALLBACK and platform in self._native:
            return None
        return True

    def _best(self) -> tuple[int, Node, bool] | None:
        """The task that matters most of those that a free slot can take, with that node and whether it emulates it."""
        found: tuple[_Rank, Node, bool] | None = None
        for node in self._nodes.values():
            load = self._loads[node.name]
            if load.busy >= node.slots:
                continue
            for kind, emulated, most in self._ways_of(node):
                if not self._ready[kind] or (emulated and load.emulated >= most):
                    continue
                queued = self._first_for(node, kind)
                if queued is None:
                    continue
                borrowed = emulated and kind[1] is None and kind[0] in self._native
                if found is not None and (borrowed, queued[0]) > found[0][:2]:
                    continue
                if borrowed and not self._sooner_emulated(kind):
                    continue
                rank = (borrowed, queued[0], emulated, load.busy / node.slots, queued[1])
                if found is None or rank < found[0]:
                    found = (rank, node, emulated)
        return None if found is None else (found[0][-1], found[1], found[2])

    def _ways_of(self, node: Node) -> list[tuple[_Kind, bool, int]]:
        """The kinds of tasks that a node may run, whether it emulates them, and how many emulated ones it may run at once then."""
        known = self._ways.get(node.name)
        if known is None:
            known = self._ways[node.name] = [
                # What is tied to a node that has no emulated slots (it only proves) has to run there all the same.
                (kind, emulated, node.emulated_slots or (node.slots if kind[1] is not None else 0))
                for kind in self._ready
                if (emulated := self._way_to_run(node, kind)) is not None
            ]
        return known

    def _first_for(self, node: Node, kind: _Kind) -> _Queued | None:
        """The first of a queue that does not avoid a node, where it can avoid it."""
        queued = self._top(kind)
        if queued is None or self._avoid.get(queued[1]) != node.name or not self._elsewhere(kind, node):
            return queued
        return self._past_avoided(kind, node)

    def _past_avoided(self, kind: _Kind, node: Node) -> _Queued | None:
        """The first of a queue that does not avoid a node."""
        left = (
            entry
            for entry in self._ready[kind]
            if self._avoid.get(entry[1]) != node.name
            and entry[1] in self._left
            and entry[1] not in self._running
            and self._kinds[entry[1]] == kind
        )
        return min(left, default=None)

    def _elsewhere(self, kind: _Kind, node: Node) -> bool:
        """True when another living node could run it, now or later."""
        return any(other is not node and self._way_to_run(other, kind) is not None for other in self._nodes.values())

    def _sooner_emulated(self, kind: _Kind) -> bool:
        """True when emulating a task now ends before its native nodes would come to it."""
        natives = self._native[kind[0]]
        if any(self._loads[node.name].busy < node.slots for node in natives):
            return False
        queued = [number for _, number in self._ready[kind] if number in self._left and number not in self._running]
        behind = sum(self._tasks[number].native for number in queued)
        behind += sum(
            self._running[number].expected / 2 for node in natives for number in self._loads[node.name].running
        )
        top = self._top(kind)
        return top is not None and self._tasks[top[1]].emulated < behind / sum(node.slots for node in natives)

    def _take(self, number: int, node: Node, emulated: bool) -> Assignment:  # noqa: FBT001 - the tail of a tuple
        task = self._tasks[number]
        queue = self._ready[self._kinds[number]]
        if queue[0][1] == number:
            heapq.heappop(queue)
        else:  # those before it avoid this node
            queue.remove((self._keys[number], number))
            heapq.heapify(queue)
        self._tries[number] += 1
        load = self._loads[node.name]
        load.busy += 1
        load.emulated += emulated
        load.running.add(number)
        self._running[number] = Assignment(
            task=task,
            node=node.name,
            emulated=emulated,
            expected=task.seconds(emulated=emulated),
            tries=self._tries[number],
            careful=number in self._careful,
        )
        return self._running[number]

    def _release(self, cell: str, stage: Stage) -> int:
        number = self._index[cell, stage]
        assignment = self._running.pop(number)
        load = self._loads[assignment.node]
        load.busy -= 1
        load.emulated -= assignment.emulated
        load.running.discard(number)
        return number
