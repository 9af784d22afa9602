"""The workers of a real run: a thread per task that builds or proves, and the one thread that remembers what they did.

Only the thread that calls `start` and `wait` uses the ledger, the board and the engine's tags; the others return results.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.ledger.records import Attempt, PhaseRecord, Start, State
from orchestrator.matrix.model import Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.board import Board
from orchestrator.pipeline.building import Built, Ingredients, Order, build_cell, inspect
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.meeting import Meeting
from orchestrator.pipeline.proving import Examination, Examinee, examine, proof_records
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import PlannedCell
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.publish.names import local_references, staging_reference
from orchestrator.schedule.conductor import Ended
from orchestrator.schedule.model import Assignment, Stage

#: What an emulated build is told when its emulator crashed: a plain CPU model, which leaves the emulator's newest code alone.
CAREFUL: Mapping[str, str] = {"linux/arm64/v8": "cortex-a57"}


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
    run: int
    planned: Mapping[str, PlannedCell]
    ingredients: Callable[[Cell], Ingredients]
    board: Board
    attempts: dict[str, int] = field(default_factory=dict)
    meeting: Meeting = field(default_factory=Meeting)
    _news: queue.SimpleQueue[_Step | _Done | _Dropped] = field(default_factory=queue.SimpleQueue)
    _open: set[tuple[str, Stage]] = field(default_factory=set)
    _references: dict[str, str] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)

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

    def latest(self, cell: str) -> Attempt | None:
        """Find what the ledger knows of the attempt that this run made at a cell."""
        number = self.attempts.get(cell)
        return None if number is None else self.shop.ledger.attempt(number)

    def _build(self, planned: PlannedCell, assignment: Assignment) -> Callable[[], Built]:
        cell, node = planned.cell, assignment.node
        platform = normalise(str(cell.architecture.platform))
        execution = self.farm.execution(node, platform, emulated=assignment.emulated)
        key = planned.known.key(cell, execution)
        self._tries[cell.id] = self._tries.get(cell.id, 0) + 1
        careful = assignment.emulated and assignment.careful and platform in CAREFUL
        order = Order(
            planned=planned,
            execution=execution,
            node=node,
            key=key,
            reference=staging_reference(self.shop.matrix, cell, key.short),
            log=self._log(cell, key.short),
            arguments={"QEMU_CPU": CAREFUL[platform]} if careful else {},
        )
        self.attempts[cell.id] = self.shop.ledger.start_attempt(
            self.run,
            Start(
                cell=cell.id,
                key=key.value,
                execution=str(execution),
                log=str(order.log),
                ingredients=key.ingredients,
                reference=order.reference,
                dockerfile=planned.known.dockerfile,
                node=node,
                machine=self.farm.machine(node),
                tries=self._tries[cell.id],
                setting=" ".join(f"{name}={value}" for name, value in order.arguments.items()),
            ),
        )
        self._references[cell.id] = order.reference
        return lambda: build_cell(
            self.shop,
            self.farm,
            order,
            lambda: self.ingredients(cell),
            on_step=lambda step: self._news.put(_Step(cell.id, step)),
        )

    def _log(self, cell: Cell, key: str) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        path = self.shop.places.logs / f"{cell.id}-{stamp}-{key}.log"
        number = 1
        while path.exists():  # two tries within a second
            number += 1
            path = path.with_name(f"{cell.id}-{stamp}.{number}-{key}.log")
        return path

    def _prove(self, planned: PlannedCell, assignment: Assignment) -> Callable[[], Examination]:
        cell, node = planned.cell, assignment.node
        if cell.id not in self.attempts and planned.attempt is not None:
            self.attempts[cell.id], self._references[cell.id] = planned.attempt.id, planned.attempt.reference
        reference = self._references[cell.id]
        proofs = [proof for proof in CATALOGUE if proof.applies(cell)]
        log = self.shop.ledger.attempt(self.attempts[cell.id])
        platform = normalise(str(cell.architecture.platform))
        examinee = Examinee(
            cell=cell,
            reference=reference,
            execution=self.farm.execution(node, platform, emulated=assignment.emulated),
            peers=self._proven_peers(planned),
        )

        def work() -> Examination:
            with contextlib.ExitStack() as stack:
                home = stack.enter_context(contextlib.closing(self.shop.open_client()))
                there = stack.enter_context(self.farm.client(node)) if self.farm.away(node) else home
                return examine(
                    self.shop,
                    there,
                    examinee,
                    proofs,
                    on_proof=lambda proof: self._news.put(
                        _Step(cell.id, f"[prove {proofs.index(proof) + 1}/{len(proofs)}] {proof.name}")
                    ),
                    log=Path(log.log) if log is not None and log.log else None,
                    engine=self.farm.engine_of(node),
                    home=home,
                    meeting=self.meeting,
                )

        return work

    def _proven_peers(self, planned: PlannedCell) -> tuple[tuple[Cell, str], ...]:
        """Find the same image on other architectures: proven, built from the same Dockerfile, and still in the engine."""
        others = [
            cell
            for cell in self.shop.matrix.cells
            if cell.image.id == planned.cell.image.id and cell.id != planned.cell.id
        ]
        present = self.shop.images() if others else {}
        peers = []
        for other in others:
            for attempt in self.shop.ledger.attempts(other.id):
                same = attempt.ingredients.get("dockerfile") == planned.known.digest
                if attempt.state is State.PROVEN and same and present.get(attempt.reference) == attempt.digest:
                    peers.append((other, attempt.reference))
                    break
        return tuple(peers)

    def _ended(self, news: _Done) -> Ended:
        assignment, result = news.assignment, news.result
        cell = assignment.task.cell
        if isinstance(result, Built):
            failure = self._remember_build(cell, result)
        elif isinstance(result, Examination):
            failure = self._remember_proofs(cell, result)
        else:
            failure = self._remember_error(cell, news.error)
        prove_on = self.farm.proves(assignment.node) if assignment.task.stage is Stage.BUILD else None
        return Ended(assignment=assignment, failure=failure, prove_on=prove_on)

    def _remember_build(self, cell: str, built: Built) -> Failure | None:
        number, result = self.attempts[cell], built.result
        phases = [PhaseRecord(name=str(one.name), seconds=one.seconds, cached=one.cached) for one in result.phases]
        if result.failure is not None:
            self._failed(cell, result.failure, seconds=result.seconds, phases=phases)
            return result.failure
        self.shop.ledger.built(
            number,
            reference=self._references[cell],
            digest=built.digest,
            size=built.size,
            seconds=result.seconds,
            phases=phases,
        )
        return None

    def _remember_proofs(self, cell: str, examination: Examination) -> Failure | None:
        if not examination.whole:
            # Only a run that is being stopped leaves proofs out, and what was not shown must not count.
            return Failure(kind=FailureClass.CANCELLED, message="interrupted while it was proven")
        self.shop.ledger.proved(self.attempts[cell], proof_records(examination.outcomes), catalogue=fingerprint())
        if examination.failure is None:
            try:
                self.tag(self.planned[cell].cell, self._references[cell], {})
            except (DockerException, RequestException) as error:
                return Failure(kind=FailureClass.ENGINE_LOST, message=f"the engine failed: {str(error)[:300]}")
        return examination.failure

    def _remember_error(self, cell: str, error: Exception | None) -> Failure:
        """A worker that was ended by an exception: what came from outside has its class, anything else is told in the log."""
        failure = failure_of(error)
        attempt = self.latest(cell)
        # What is built stays built: only its proofs are to be made again.
        if attempt is not None and attempt.state is State.RUNNING:
            self._failed(cell, failure, seconds=attempt.seconds, phases=attempt.phases)
        if failure.kind is FailureClass.UNKNOWN and attempt is not None and attempt.log:
            Path(attempt.log).parent.mkdir(parents=True, exist_ok=True)
            with Path(attempt.log).open("a", encoding="utf-8") as log:
                log.write("".join(traceback.format_exception(error)))
        return failure

    def _failed(self, cell: str, failure: Failure, *, seconds: float, phases: Any) -> None:
        self.shop.ledger.failed(
            self.attempts[cell],
            failure_class=str(failure.kind),
            message=failure.message,
            seconds=seconds,
            phases=phases,
        )

    def tag(self, cell: Cell, reference: str, present: Mapping[str, str]) -> tuple[str, ...]:
        """Give a proven image the tags of its cell; `present` maps references in the engine to ids, where that is known."""
        names = local_references(self.shop.matrix, cell)
        wanted = present.get(reference)
        missing = [name for name in names if wanted is None or present.get(name) != wanted]
        if missing:
            image = self.shop.client.images.get(reference)
            for name in missing:
                repository, _, tag = name.rpartition(":")
                image.tag(repository, tag=tag)
        return names

    def adopt(self, attempt: Attempt) -> None:
        """Take over an image whose run was killed after it was built and before that was remembered."""
        digest, size = inspect(self.shop.client, attempt.reference)
        self.shop.ledger.adopt(attempt.id, digest=digest, size=size)


_KINDS: tuple[tuple[type[OrchestratorError], FailureClass], ...] = (
    (VerificationError, FailureClass.CHECKSUM),
    (UnreachableError, FailureClass.NETWORK),
    (EnvironmentFailedError, FailureClass.ENGINE_LOST),
)


def failure_of(error: Exception | None) -> Failure:
    """Give an error its class, its message and its mend."""
    if isinstance(error, (DockerException, RequestException)):
        return Failure(kind=FailureClass.ENGINE_LOST, message=f"the engine failed: {str(error)[:300]}")
    if isinstance(error, OrchestratorError):
        kind = next((kind for known, kind in _KINDS if isinstance(error, known)), FailureClass.UNKNOWN)
        return Failure(kind=kind, message=error.message, tail=(f"mend: {error.mend}",) if error.mend else ())
    if isinstance(error, OSError) and error.errno == 28:
        return Failure(kind=FailureClass.DISK_FULL, message=str(error))
    return Failure(kind=FailureClass.UNKNOWN, message=f"this should not have happened: {type(error).__name__}: {error}")
