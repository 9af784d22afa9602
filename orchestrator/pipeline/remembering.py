"""What a run remembers: attempts begun and ended in the ledger, tags on what is proven. One thread does it, and it alone."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.acceleration.model import UnacceleratedError
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.engine.processor import settings_of
from orchestrator.errors import EnvironmentFailedError, OrchestratorError, UnreachableError, VerificationError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.ledger import now
from orchestrator.ledger.records import Attempt, PhaseRecord, Span, Start, State, Visit
from orchestrator.matrix.model import Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.building import Built, Order, inspect
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.publish.names import local_references, staging_reference
from orchestrator.schedule.model import Assignment, Stage

if TYPE_CHECKING:
    from orchestrator.pipeline.proving import Examination, Examinee


@dataclass(kw_only=True)
class Remembering:
    """The attempts of one run, by cell."""

    shop: Workshop
    farm: Farm
    run: int
    attempts: dict[str, int] = field(default_factory=dict)
    _references: dict[str, str] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)
    _began: dict[tuple[str, Stage], str] = field(default_factory=dict)

    @cached_property
    def _chronicle(self) -> Chronicle:
        return Chronicle(self.shop.ledger)

    def intend(self, planned: Sequence[PlannedCell]) -> None:
        """Remember what this run is going to do, and why."""
        self._chronicle.intend(
            [
                Visit(run=self.run, cell=one.cell.id, action=one.action, reason=one.reason, key=one.key.value)
                for one in planned
                if one.action is not Action.NOTHING
            ]
        )

    def result(self, result: CellResult) -> None:
        """Remember what came of a cell."""
        failure = result.failure
        outcome = "proven" if failure is None else "failed"
        if failure is not None and not result.tried:
            outcome = "not tried"
        elif failure is not None and failure.kind is FailureClass.CANCELLED:
            outcome = "stopped"
        self._chronicle.ended(
            Visit(
                run=self.run,
                cell=result.cell.id,
                action=result.planned.action,
                reason=result.planned.reason,
                key=result.planned.key.value,
                attempt=result.attempt.id if result.attempt is not None else None,
                outcome=outcome,
                failure_class="" if failure is None else str(failure.kind),
                message="" if failure is None else failure.message,
                seconds=result.seconds,
            )
        )

    def began(self, assignment: Assignment) -> None:
        """Note when a stage begins."""
        self._began[assignment.task.cell, assignment.task.stage] = now()

    def over(self, assignment: Assignment, failure: Failure | None) -> None:
        """Remember when a stage ran, and where."""
        task = assignment.task
        self._chronicle.span(
            Span(
                run=self.run,
                cell=task.cell,
                stage=task.stage,
                node=assignment.node,
                emulated=assignment.emulated,
                started=self._began.pop((task.cell, task.stage), now()),
                ended=now(),
                failure_class="" if failure is None else str(failure.kind),
            )
        )

    def begin(self, planned: PlannedCell, assignment: Assignment) -> Order:
        """Remember that a build begins, and say what is to be built."""
        cell, node = planned.cell, assignment.node
        platform = normalise(str(cell.architecture.platform))
        execution = self.farm.execution(node, platform, emulated=assignment.emulated)
        key = planned.known.key(cell, execution)
        self._tries[cell.id] = self._tries.get(cell.id, 0) + 1
        order = Order(
            planned=planned,
            execution=execution,
            node=node,
            key=key,
            reference=staging_reference(self.shop.matrix, cell, key.short),
            log=self._log(cell, key.short),
            arguments=settings_of(platform, execution.emulator, careful=assignment.careful),
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
        return order

    def examinee(self, planned: PlannedCell, assignment: Assignment) -> Examinee:
        """Say what is to be proven, and how it is executed."""
        from orchestrator.pipeline.proving import Examinee  # noqa: PLC0415 - not where nothing is to be proven

        cell = planned.cell
        if cell.id not in self.attempts and planned.attempt is not None:
            self.attempts[cell.id], self._references[cell.id] = planned.attempt.id, planned.attempt.reference
        platform = normalise(str(cell.architecture.platform))
        return Examinee(
            cell=cell,
            reference=self._references[cell.id],
            execution=self.farm.execution(assignment.node, platform, emulated=assignment.emulated),
        )

    def log(self, cell: Cell) -> Path | None:
        """The log of the attempt at a cell."""
        attempt = self.latest(cell.id)
        return Path(attempt.log) if attempt is not None and attempt.log else None

    def latest(self, cell: str) -> Attempt | None:
        """Find what the ledger knows of the attempt that this run made at a cell."""
        number = self.attempts.get(cell)
        return None if number is None else self.shop.ledger.attempt(number)

    def _log(self, cell: Cell, key: str) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        path = self.shop.places.logs / f"{cell.id}-{stamp}-{key}.log"
        number = 1
        while path.exists():  # two tries within a second
            number += 1
            path = path.with_name(f"{cell.id}-{stamp}.{number}-{key}.log")
        return path

    def peers(self, planned: PlannedCell) -> tuple[tuple[Cell, Attempt], ...]:
        """Find the same image on other architectures, proven and built from the same Dockerfile."""
        peers = []
        for other in self.shop.matrix.cells:
            if other.image.id != planned.cell.image.id or other.id == planned.cell.id:
                continue
            for attempt in self.shop.ledger.attempts(other.id):
                same = attempt.ingredients.get("dockerfile") == planned.known.digest
                if attempt.state is State.PROVEN and same:
                    peers.append((other, attempt))
                    break
        return tuple(peers)

    def built(self, cell: str, built: Built) -> Failure | None:
        """Remember how a build ended; returns its failure."""
        if built.declined:
            self.shop.progress.warn(f"{cell}: native tools were declined, all of it was emulated: {built.declined}")
        number, result = self.attempts[cell], built.result
        if built.key is not None:
            self.shop.ledger.rekey(number, key=built.key.value, ingredients=built.key.ingredients)
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

    def proved(self, cell: Cell, examination: Examination) -> Failure | None:
        """Remember what the proofs came to, and tag what is proven; returns the failure."""
        from orchestrator.pipeline.proving import proof_records  # noqa: PLC0415 - same

        if not examination.whole:
            # Only a run that is being stopped leaves proofs out, and what was not shown must not count.
            return Failure(kind=FailureClass.CANCELLED, message="interrupted while it was proven")
        self.shop.ledger.proved(self.attempts[cell.id], proof_records(examination.outcomes), catalogue=fingerprint())
        if examination.failure is None:
            try:
                self.tag(cell, self._references[cell.id], {})
            except (DockerException, RequestException) as error:
                return Failure(kind=FailureClass.ENGINE_LOST, message=f"the engine failed: {str(error)[:300]}")
        return examination.failure

    def broke(self, cell: str, error: Exception | None) -> Failure:
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

    def _failed(self, cell: str, failure: Failure, *, seconds: float, phases: Sequence[PhaseRecord]) -> None:
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
    (UnacceleratedError, FailureClass.UNACCELERATED),
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
