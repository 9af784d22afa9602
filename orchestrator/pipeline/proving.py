"""Images proven as cells: one in the course of its build, or several that are there already, side by side."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from orchestrator.build.execution import Execution
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.contents.reading import contents_of
from orchestrator.contents.store import write_contents
from orchestrator.engine.model import Engine
from orchestrator.errors import InterruptedRunError
from orchestrator.inputs.store import Store
from orchestrator.ledger.records import ProofRecord, State
from orchestrator.matrix.model import Cell, Image
from orchestrator.pipeline.meeting import Meeting
from orchestrator.pipeline.workshop import Workshop
from orchestrator.prove.containers.building import BuildxBuilder
from orchestrator.prove.containers.subject import ImageSubject
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.prove.model import Kind, Outcome, Proof, Verdict
from orchestrator.prove.prover import prove
from orchestrator.prove.upstream import Upstream, read_upstream
from orchestrator.publish.names import local_references
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.tree import render_images
from orchestrator.system.places import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class Examinee:
    """An image to prove as a cell; `peers` are references of the same image on other architectures, by cell."""

    cell: Cell
    reference: str
    execution: Execution
    peers: tuple[tuple[Cell, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What came of it. `whole` is false where it was interrupted; `log` holds all that was said by what failed, if anything did."""

    examinee: Examinee
    digest: str
    outcomes: tuple[Outcome, ...]
    seconds: float
    whole: bool
    log: Path | None

    @property
    def passed(self) -> bool:
        """True when everything was made and passed."""
        return self.whole and bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def failure(self) -> Failure | None:
        """Sum up what failed; None when every proof passed."""
        return proof_failure(self.outcomes)


def examine(  # noqa: PLR0913 - where from, where to, and who listens
    shop: Workshop,
    client: docker.DockerClient,
    examinee: Examinee,
    proofs: Sequence[Proof],
    *,
    on_proof: Callable[[Proof], None] = lambda _: None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    log: Path | None = None,
    engine: Engine | None = None,
    home: docker.DockerClient | None = None,
    meeting: Meeting | None = None,
) -> Examination:
    """Make the proofs of one image. All that failed ones said is appended to `log`, or put into a file of its own.

    `client` and `engine` (None: that of the workshop) are where the image is, `home` where its peers are. At a `meeting` it finds peers that
    are proven at the same time. What is in an image that passed is kept, where proofs have read it anyway.
    """
    started = time.monotonic()
    cell = examinee.cell
    builder = BuildxBuilder(client, engine or shop.engine, shop.cancellation)
    (rendered,) = render_images(shop.matrix, (cell.image,))

    upstream = upstream_of(shop.places, cell.image)

    def subject(of: Cell, reference: str, *, where: docker.DockerClient = client) -> ImageSubject:
        return ImageSubject(
            where,
            of,
            reference,
            dockerfile=rendered.text,
            builder=builder,
            surveys=shop.surveys,
            upstream=upstream,
        )

    def made(under_proof: ImageSubject, some: Sequence[Proof]) -> tuple[Outcome, ...]:
        return prove(
            under_proof,
            some,
            emulated=examinee.execution.emulated,
            on_proof=on_proof,
            on_outcome=on_outcome,
            stopped=lambda: shop.cancellation.requested,
        )

    with subject(cell, examinee.reference) as under_proof, _watched(shop, under_proof):
        outcomes = made(under_proof, [proof for proof in proofs if not proof.pairwise])
        pairwise = [proof for proof in proofs if proof.pairwise]
        with contextlib.ExitStack() as stack:
            peers = list(examinee.peers)
            if meeting is not None and all(outcome.passed for outcome in outcomes):
                peers += stack.enter_context(meeting.turn(cell, examinee.reference))
            others = {of.id: (of, reference) for of, reference in peers}
            under_proof.peers = tuple(subject(*one, where=home or client) for one in others.values())
            outcomes += made(under_proof, pairwise) if pairwise else ()
        digest = under_proof.digest
        if under_proof.surveyed and not shop.cancellation.requested and all(outcome.passed for outcome in outcomes):
            _keep_contents(shop, under_proof)
    return Examination(
        examinee=examinee,
        digest=digest,
        outcomes=outcomes,
        seconds=round(time.monotonic() - started, 3),
        whole=not shop.cancellation.requested,
        log=_write(outcomes, log or _log_of(shop, cell)),
    )


def examine_all(
    shop: Workshop,
    examinees: Sequence[Examinee],
    proofs: Sequence[Proof],
    *,
    jobs: int,
    on_outcome: Callable[[Cell, Outcome], None],
) -> tuple[Examination, ...]:
    """Prove several images, so many at once; results come back in the order they were given.

    Workers only examine: outcomes are told, and everything is remembered, by the thread that calls this.
    """
    told: queue.SimpleQueue[tuple[Cell, Outcome] | Future[Examination]] = queue.SimpleQueue()

    def work(examinee: Examinee) -> Examination:
        if shop.cancellation.requested:
            raise InterruptedRunError("stopped before it was begun")
        try:
            with contextlib.closing(shop.open_client()) as client:
                return examine(
                    shop,
                    client,
                    examinee,
                    proofs,
                    on_outcome=lambda outcome: told.put((examinee.cell, outcome)),
                )
        except BaseException:
            # Here and not where it is told: by then this thread may have begun the next one.
            shop.cancellation.cancel()
            raise

    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="prove") as pool:
        futures = [pool.submit(work, examinee) for examinee in examinees]
        for future in futures:
            future.add_done_callback(told.put)
        left = len(futures)
        try:
            while left:
                news = told.get()
                if isinstance(news, Future):
                    left -= 1
                    if news.exception() is not None:
                        break
                else:
                    on_outcome(*news)
        finally:
            if left:
                shop.cancellation.cancel()
                pool.shutdown(cancel_futures=True)
    return tuple(future.result() for future in futures)


def remember(shop: Workshop, run: int, examination: Examination, *, everything: bool) -> None:
    """Put an examination into the ledger; where the whole catalogue was gone through, the attempt that built the image has its result."""
    examinee = examination.examinee
    records = proof_records(examination.outcomes)
    shop.ledger.examined(
        run,
        cell=examinee.cell.id,
        reference=examinee.reference,
        digest=examination.digest,
        execution=str(examinee.execution),
        seconds=examination.seconds,
        proofs=records,
    )
    if not (everything and examination.whole):
        return
    for attempt in shop.ledger.attempts(examinee.cell.id):
        if attempt.digest == examination.digest and attempt.state in {State.BUILT, State.PROVEN}:
            shop.ledger.proved(attempt.id, records, catalogue=fingerprint())


def siblings(shop: Workshop, cell: Cell) -> tuple[tuple[Cell, str], ...]:
    """Find the same image on other architectures, as it is tagged in the engine now."""
    found = []
    for other in shop.matrix.cells:
        if other.image.id == cell.image.id and other.id != cell.id:
            reference = local_references(shop.matrix, other)[0]
            with contextlib.suppress(ImageNotFound):
                shop.client.images.get(reference)
                found.append((other, reference))
    return tuple(found)


def upstream_of(places: Places, image: Image) -> Upstream | None:
    """Read the inputs of an image, where all of them are in the store of this host; nothing is fetched for a proof."""
    store = Store(root=places.downloads)
    source = store.find(image.line.source.sha256, image.line.source.file)
    wheels = [store.find_any(pin.sha256) for pin in recipe_for(image).wheels]
    if source is None or None in wheels:
        return None
    return read_upstream(source, tuple(wheel for wheel in wheels if wheel is not None))


def proof_records(outcomes: Sequence[Outcome]) -> list[ProofRecord]:
    """The outcomes as the ledger keeps them."""
    return [
        ProofRecord(name=one.name, verdict=str(one.verdict), detail=one.detail, seconds=one.seconds) for one in outcomes
    ]


def proof_failure(outcomes: Sequence[Outcome]) -> Failure | None:
    """Sum up what failed; None when nothing did."""
    failed = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    if not failed:
        return None
    wrong = any(outcome.name.startswith(f"{Kind.ARCHITECTURE}/") for outcome in failed)
    left_out = sum(outcome.verdict is Verdict.NOT_MADE for outcome in outcomes)
    tail = [f"{outcome.name}: {outcome.detail}" for outcome in failed]
    return Failure(
        kind=FailureClass.ARCHITECTURE if wrong else FailureClass.PROOF,
        message=tail[0]
        if len(failed) == 1
        else f"{len(failed)} proofs: {', '.join(outcome.name for outcome in failed)}",
        tail=(*tail, *((f"{left_out} more proofs were not made: they need one of these",) if left_out else ())),
    )


def _keep_contents(shop: Workshop, subject: ImageSubject) -> None:
    """Keep what is in an image; what goes wrong with that is told, and proves nothing about the image."""
    try:
        write_contents(shop.places, contents_of(subject.saved, digest=subject.digest, line=subject.cell.image.line))
    except Exception as error:  # noqa: BLE001 - it reads what an image says of itself: whatever that is, hours of building must not fail for it
        shop.progress.warn(
            f"{subject.cell.id}: its contents could not be kept, so that it has no SBOM: {type(error).__name__}: {error}"
        )


@contextlib.contextmanager
def _watched(shop: Workshop, subject: ImageSubject) -> Iterator[None]:
    """On Ctrl-C the containers go at once, so that nobody waits for what runs in them."""
    shop.cancellation.on_cancel(subject.abandon)
    try:
        yield
    finally:
        shop.cancellation.forget(subject.abandon)


def _write(outcomes: Sequence[Outcome], log: Path) -> Path | None:
    failed = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    if not failed:
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as stream:
        for outcome in failed:
            stream.write(f"=== {outcome.name} FAILED: {outcome.detail}\n")
            if outcome.output:
                stream.write(outcome.output.rstrip() + "\n")
    return log


def _log_of(shop: Workshop, cell: Cell) -> Path:
    return shop.places.logs / f"{cell.id}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-proofs.log"
