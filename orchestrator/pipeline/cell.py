"""One cell, from plan to proven and tagged: build it under a private name, prove it, and only then give it its tags."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docker.errors import DockerException
from requests.exceptions import RequestException

from orchestrator.bases.model import Base
from orchestrator.build.buildx import BuildRequest, BuildResult, build
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.errors import OrchestratorError, UnreachableError, VerificationError
from orchestrator.inputs.model import StoredInput
from orchestrator.ledger.records import Attempt, PhaseRecord, State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.proving import Examinee, examine, proof_records
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.publish.names import local_references, staging_reference


@dataclass(frozen=True, kw_only=True)
class CellResult:
    """What became of a cell. `done_before` says that nothing had to be done; `tags` are its local references when proven.

    `tries` counts the attempts of this run, `node` names the builder that the last one ran on (empty where none did).
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


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """What a build is given: its base, the source and the wheels."""

    base: Base
    source: StoredInput
    wheels: StoredInput


def work(
    shop: Workshop,
    run: int,
    planned: PlannedCell,
    ingredients: Callable[[], Ingredients],
    *,
    on_step: Callable[[str], None],
) -> CellResult:
    """Do what was planned for one cell. A failure is a result, not an exception; only an interruption is raised."""
    started = time.monotonic()
    try:
        return _work(shop, run, planned, ingredients, on_step=on_step)
    except (DockerException, RequestException) as error:
        failure = Failure(kind=FailureClass.ENGINE_LOST, message=f"the engine failed: {str(error)[:300]}")
        latest = shop.ledger.latest(planned.cell.id)
        if latest is not None and latest.state in {State.RUNNING, State.BUILT}:
            shop.ledger.failed(
                latest.id, failure_class=str(failure.kind), message=failure.message, seconds=latest.seconds
            )
        seconds = round(time.monotonic() - started, 3)
        return CellResult(planned=planned, attempt=latest, failure=failure, tags=(), seconds=seconds)


def _work(
    shop: Workshop,
    run: int,
    planned: PlannedCell,
    ingredients: Callable[[], Ingredients],
    *,
    on_step: Callable[[str], None],
) -> CellResult:
    started = time.monotonic()

    def result(attempt: Attempt | None, failure: Failure | None, *, before: bool = False) -> CellResult:
        tags = local_references(shop.matrix, planned.cell) if failure is None else ()
        return CellResult(
            planned=planned,
            attempt=attempt,
            failure=failure,
            tags=tags,
            seconds=round(time.monotonic() - started, 3),
            done_before=before,
        )

    if planned.action is Action.NOTHING and planned.attempt is not None:
        _tag(shop, planned.cell, planned.attempt.reference)
        return result(planned.attempt, None, before=True)
    if planned.action is Action.PROVE and planned.attempt is not None:
        number, reference = planned.attempt.id, planned.attempt.reference
    else:
        try:
            given = ingredients()
        except (VerificationError, UnreachableError) as error:
            # Its input is missing or wrong: the other cells may still have theirs.
            return result(None, _input_failure(error))
        number, reference, failure = _build(shop, run, planned, given, on_step)
        if failure is not None:
            return result(shop.ledger.latest(planned.cell.id), failure)
    failure = _prove(shop, number, planned, reference, on_step)
    if failure is None:
        _tag(shop, planned.cell, reference)
    return result(shop.ledger.latest(planned.cell.id), failure)


def _input_failure(error: OrchestratorError) -> Failure:
    kind = FailureClass.CHECKSUM if isinstance(error, VerificationError) else FailureClass.NETWORK
    return Failure(kind=kind, message=error.message, tail=(f"mend: {error.mend}",) if error.mend else ())


def _prove(
    shop: Workshop, number: int, planned: PlannedCell, reference: str, on_step: Callable[[str], None]
) -> Failure | None:
    """Prove what is under `reference` as the planned cell, and remember how it went."""
    cell = planned.cell
    proofs = [proof for proof in CATALOGUE if proof.applies(cell)]
    attempt = shop.ledger.latest(cell.id)
    examination = examine(
        shop,
        shop.client,
        Examinee(cell=cell, reference=reference, execution=planned.known.execution, peers=_proven_peers(shop, planned)),
        proofs,
        on_proof=lambda proof: on_step(f"[prove {proofs.index(proof) + 1}/{len(proofs)}] {proof.name}"),
        log=Path(attempt.log) if attempt is not None and attempt.log else None,
    )
    if not examination.whole:
        # Only a run that is being stopped leaves proofs out, and what was not shown must not count.
        raise KeyboardInterrupt
    shop.ledger.proved(number, proof_records(examination.outcomes), catalogue=fingerprint())
    return examination.failure


def _proven_peers(shop: Workshop, planned: PlannedCell) -> tuple[tuple[Cell, str], ...]:
    """Find the same image on other architectures: proven, built from the same Dockerfile, and still in the engine."""
    present = shop.images()
    peers = []
    for other in shop.matrix.cells:
        if other.image.id != planned.cell.image.id or other.id == planned.cell.id:
            continue
        for attempt in shop.ledger.attempts(other.id):
            same = attempt.ingredients.get("dockerfile") == planned.key.ingredients.get("dockerfile")
            if attempt.state is State.PROVEN and same and present.get(attempt.reference) == attempt.digest:
                peers.append((other, attempt.reference))
                break
    return tuple(peers)


def _build(
    shop: Workshop, run: int, planned: PlannedCell, given: Ingredients, on_step: Callable[[str], None]
) -> tuple[int, str, Failure | None]:
    cell = planned.cell
    execution = planned.known.execution
    reference = staging_reference(shop.matrix, cell, planned.key.short)
    log = shop.places.logs / f"{cell.id}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{planned.key.short}.log"
    number = shop.ledger.start_attempt(
        run,
        cell=cell.id,
        key=planned.key.value,
        execution=str(execution),
        log=str(log),
        ingredients=dict(planned.key.ingredients),
    )
    try:
        built = _call(shop, planned, given, reference, log, on_step)
    except KeyboardInterrupt:
        shop.ledger.failed(number, failure_class=str(FailureClass.CANCELLED), message="interrupted", seconds=0)
        raise
    return number, reference, _remember(shop, number, reference, built)


def _call(
    shop: Workshop, planned: PlannedCell, given: Ingredients, reference: str, log: Path, on_step: Callable[[str], None]
) -> BuildResult:
    execution = planned.known.execution
    factor = shop.settings.emulation_factor if execution.emulated else 1.0
    with tempfile.TemporaryDirectory(prefix="orchestrator-context-") as directory:
        # The text that the key was made of is what is built, whatever lies in the tree by now.
        (Path(directory) / "Dockerfile").write_text(planned.known.dockerfile, encoding="utf-8")
        return build(
            BuildRequest(
                directory=Path(directory),
                platform=str(planned.cell.architecture.platform),
                contexts={
                    given.base.reference: given.base.context,
                    "python-source": str(given.source.directory),
                    "python-wheels": str(given.wheels.directory),
                },
                reference=reference,
                timeout=shop.settings.timeout_minutes * 60 * factor,
                log=log,
            ),
            docker=shop.engine.docker,
            environment=shop.engine.environment,
            cancellation=shop.cancellation,
            on_step=on_step,
        )


def _remember(shop: Workshop, number: int, reference: str, built: BuildResult) -> Failure | None:
    records = [PhaseRecord(name=str(phase.name), seconds=phase.seconds, cached=phase.cached) for phase in built.phases]
    if built.failure is not None:
        shop.ledger.failed(
            number,
            failure_class=str(built.failure.kind),
            message=built.failure.message,
            seconds=built.seconds,
            phases=records,
        )
        return built.failure
    image = shop.client.images.get(reference)
    shop.ledger.built(
        number,
        reference=reference,
        digest=str(image.id),
        size=int(image.attrs.get("Size") or 0),
        seconds=built.seconds,
        phases=records,
    )
    return None


def _tag(shop: Workshop, cell: Cell, reference: str) -> None:
    image = shop.client.images.get(reference)
    for name in local_references(shop.matrix, cell):
        repository, _, tag = name.rpartition(":")
        image.tag(repository, tag=tag)
