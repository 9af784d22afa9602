"""The workers of a real run: a thread per task that builds or proves, and news of it for the one thread that decides.

Only the thread that calls `start` and `wait` uses the memory and the board; the others return results.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.board import Board
from orchestrator.pipeline.building import Built, Cache, Equip, Ingredients, build_cell
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.meeting import Meeting
from orchestrator.pipeline.proving import Examination, examine
from orchestrator.pipeline.remembering import Remembering
from orchestrator.pipeline.workshop import Workshop, images_in
from orchestrator.plan.plan import PlannedCell
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.schedule.conductor import Ended
from orchestrator.schedule.model import Assignment, Stage

#: Seconds to wait before a node is asked again whether it lives; one that takes so long to answer is not asked again.
_PAUSES, _HANGS = (2.0, 4.0), 5.0


@dataclass(frozen=True, slots=True)
class _Step:
    """News of a worker: a step begins."""

    cell: str
    step: str


@dataclass(frozen=True, slots=True)
class _Done:
    """News of a worker: it has ended, with a result or an exception."""

    assignment: Assignment
    result: Built | Examination | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Dropped:
    """No news of a worker will come: it was never begun, or what became of it was lost on the way."""

    assignment: Assignment


@dataclass(kw_only=True)
class CellWorkers:
    """Builds and proves cells, and remembers it. Implements `orchestrator.schedule.conductor.Workers`."""

    shop: Workshop
    farm: Farm
    memory: Remembering
    planned: Mapping[str, PlannedCell]
    ingredients: Callable[[Cell], Ingredients]
    board: Board
    equip: Equip = lambda *_: None
    cache: Cache = lambda *_: None
    meeting: Meeting = field(default_factory=Meeting)
    _news: queue.SimpleQueue[_Step | _Done | _Dropped] = field(default_factory=queue.SimpleQueue)
    _open: set[tuple[str, Stage]] = field(default_factory=set)

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""
        return time.monotonic()

    def start(self, assignment: Assignment) -> None:
        """Begin a task in a thread of its own."""
        planned = self.planned[assignment.task.cell]
        work = (
            self._build(planned, assignment)
            if assignment.task.stage is Stage.BUILD
            else self._prove(planned, assignment)
        )

        def body() -> None:
            try:
                self._news.put(_Done(assignment, result=work()))
            except Exception as error:  # noqa: BLE001 - judged by the thread that decides
                self._news.put(_Done(assignment, error=error))

        self._open.add((assignment.task.cell, assignment.task.stage))
        self.memory.began(assignment)
        # A daemon: whoever presses Ctrl-C twice does not wait for it.
        threading.Thread(target=body, name=f"{assignment.task.stage} {assignment.task.cell}", daemon=True).start()

    def wait(self, seconds: float) -> Ended | None:
        """Wait for the next task that ends, telling the board about steps meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                news = self._news.get(timeout=max(0.0, min(deadline - time.monotonic(), threading.TIMEOUT_MAX)))
            except queue.Empty:
                return None
            if isinstance(news, _Step):
                self.board.step(self.planned[news.cell], news.step)
                continue
            self._open.discard((news.assignment.task.cell, news.assignment.task.stage))
            if isinstance(news, _Done):
                return self._ended(news)
            stopped = Failure(kind=FailureClass.CANCELLED, message="the run was stopped")
            return Ended(assignment=news.assignment, failure=stopped)

    def settle(self, running: Sequence[Assignment]) -> None:
        """Have `wait` tell the end of what is thought to run and does not.

        Ctrl-C, or a ledger that cannot be written, may come just when a task is begun or its end is remembered: nobody else would tell it. The
        next run sees to what became of it.
        """
        for assignment in running:
            name = (assignment.task.cell, assignment.task.stage)
            if name not in self._open:
                self._open.add(name)
                self._news.put(_Dropped(assignment))

    def alive(self, node: str) -> bool:
        """Ask whether a node still answers; one that is just starting again gets a few seconds."""
        for pause in (*_PAUSES, None):
            asked = time.monotonic()
            if self.farm.alive(node):
                return True
            hangs = time.monotonic() - asked > _HANGS
            if pause is None or hangs or self.shop.cancellation.wait(pause):
                break
        return False

    def _build(self, planned: PlannedCell, assignment: Assignment) -> Callable[[], Built]:
        order = self.memory.begin(planned, assignment)
        return lambda: build_cell(
            self.shop,
            self.farm,
            order,
            lambda: self.ingredients(planned.cell),
            on_step=lambda step: self._news.put(_Step(planned.cell.id, step)),
            equip=self.equip,
            cache=self.cache,
        )

    def _prove(self, planned: PlannedCell, assignment: Assignment) -> Callable[[], Examination]:
        cell, node = planned.cell, assignment.node
        examinee, log = self.memory.examinee(planned, assignment), self.memory.log(cell)
        proven = self.memory.peers(planned)
        proofs = [proof for proof in CATALOGUE if proof.applies(cell)]

        def work() -> Examination:
            with contextlib.ExitStack() as stack:
                home = stack.enter_context(contextlib.closing(self.shop.open_client()))
                there = stack.enter_context(self.farm.client(node)) if self.farm.away(node) else home
                present = images_in(home) if proven else {}
                peers = tuple((of, one.reference) for of, one in proven if present.get(one.reference) == one.digest)
                return examine(
                    self.shop,
                    there,
                    replace(examinee, peers=peers),
                    proofs,
                    on_proof=lambda proof: self._news.put(
                        _Step(cell.id, f"[prove {proofs.index(proof) + 1}/{len(proofs)}] {proof.name}")
                    ),
                    log=log,
                    engine=self.farm.engine_of(node),
                    home=home,
                    meeting=self.meeting,
                )

        return work

    def _ended(self, news: _Done) -> Ended:
        assignment, result = news.assignment, news.result
        cell = assignment.task.cell
        if isinstance(result, Built):
            failure = self.memory.built(cell, result)
        elif isinstance(result, Examination):
            failure = self.memory.proved(self.planned[cell].cell, result)
        else:
            failure = self.memory.broke(cell, news.error)
        self.memory.over(assignment, failure)
        prove_on = self.farm.proves(assignment.node) if assignment.task.stage is Stage.BUILD else None
        return Ended(assignment=assignment, failure=failure, prove_on=prove_on)
