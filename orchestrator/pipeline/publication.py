"""Publishing as a command does it: the seams opened, a run of the ledger around it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from docker.errors import DockerException

from orchestrator.attest.signing import signer
from orchestrator.config.settings import Rebuilds
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.model import Image, Matrix
from orchestrator.pipeline.lock import run_lock
from orchestrator.pipeline.outcome import Report
from orchestrator.pipeline.publishing import Publisher
from orchestrator.pipeline.rollback import RollBack, sets_to_take_back, take_back
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.content import no_engine, saving
from orchestrator.publish.leading import Leader
from orchestrator.publish.names import Names
from orchestrator.publish.origin import origin_of
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress, tell_retries
from orchestrator.system.retrying import Retries


@contextlib.contextmanager
def open_registries(shop: Workshop) -> Iterator[Registries]:
    """Open registries as the engine of a workshop reaches them."""
    retries = Retries(on_retry=tell_retries(shop.progress))
    environment = {**shop.engine.environment, **_logins()}
    with Registries(environment=environment, plain=plain_registries(shop), retries=retries) as registries:
        yield registries


def _logins() -> dict[str, str]:
    """Say where the user's own logins are; nothing where there are none.

    The embedded engine's docker config leads to those of whoever called it last, who need not be us.
    """
    directory = Path(os.environ.get("DOCKER_CONFIG") or Path(os.environ.get("HOME", "/")) / ".docker")
    return {"DOCKER_CONFIG": str(directory)} if (directory / "config.json").exists() else {}


def plain_registries(shop: Workshop) -> frozenset[str]:
    """Name the registries without TLS: those in the settings, and those that the engine speaks to like that.

    Source: https://docs.docker.com/reference/cli/dockerd/#insecure-registries
    """
    try:
        known = shop.client.info().get("RegistryConfig") or {}
    except DockerException:
        known = {}
    named = frozenset(shop.settings.plain_registries)
    return named | frozenset(
        name for name, one in (known.get("IndexConfigs") or {}).items() if not one.get("Secure", True)
    )


def publish_images(
    shop: Workshop,
    images: Sequence[Image],
    names: Names,
    *,
    rebuilds: Rebuilds = Rebuilds.NEVER,
    again: bool = False,
    sign: bool = False,
    dry_run: bool = False,
    run: int | None = None,
) -> Report:
    """Publish images; what is remembered of it belongs to `run`, or to a run of its own. A dry run is none."""
    with open_registries(shop) as registries:
        publisher = publisher_of(shop, names, registries, sign=sign, thorough=True)
        if dry_run:
            return publisher.publish(0, images, rebuilds=rebuilds, again=again, dry_run=True)
        if run is not None:
            return publisher.publish(run, images, rebuilds=rebuilds, again=again)
        with shop.ledger.run("publish") as going:
            shop.ledger.close_runs(before=going.number)
            report = publisher.publish(going.number, images, rebuilds=rebuilds, again=again)
            going.code = report.code
        return report


def publisher_of(
    shop: Workshop, names: Names, registries: Registries, *, sign: bool = False, thorough: bool = False
) -> Publisher:
    """Make a publisher of what is proven in a workshop; a `thorough` one also looks after signatures that it made before. Raises `EnvironmentFailedError` or `UsageError` when it cannot sign."""
    attesting = None
    if shop.settings.attestations or sign:
        from orchestrator.pipeline.attesting import Attesting  # noqa: PLC0415 - only where something may be said

        attesting = Attesting(
            matrix=shop.matrix,
            names=names,
            places=shop.places,
            registries=registries,
            chronicle=Chronicle(shop.ledger),
            documents=shop.settings.attestations,
            signer=signer(shop.settings.signing, shop.engine.environment, retries=registries.retries) if sign else None,
            thorough=thorough,
        )
    return Publisher(
        matrix=shop.matrix,
        names=names,
        ledger=shop.ledger,
        registries=registries,
        progress=shop.progress,
        save=saving(shop.open_client),
        exact=shop.engine.containerd_store,
        beside=attesting,
        origin=lambda image: origin_of(shop.matrix.root, image, source=shop.settings.source),
        leader=Leader(registries=registries, lock=shop.lock, on_retry=shop.progress.note),
    )


def roll_back_images(
    matrix: Matrix,
    progress: Progress,
    names: Names,
    wanted: int,
    images: Collection[str],
    *,
    dry_run: bool = False,
    wait: bool = True,
    plain: Collection[str] = (),
) -> RollBack:
    """Take back what the run `wanted` published of some images; `plain` are registries without TLS. No engine is needed."""
    places = Places.from_environment()
    lock: contextlib.AbstractContextManager[int | None] = contextlib.nullcontext()
    if not dry_run:
        lock = run_lock(places, progress, command="publish --rollback", wait=wait)
    retries = Retries(on_retry=tell_retries(progress))
    with (
        lock as held,
        open_ledger(places.ledger, create=not dry_run) as ledger,
        Registries(environment=os.environ, plain=frozenset(plain), retries=retries) as registries,
    ):
        publisher = Publisher(
            matrix=matrix,
            names=names,
            ledger=ledger,
            registries=registries,
            progress=progress,
            save=no_engine,
            leader=Leader(registries=registries, lock=held, on_retry=progress.note),
        )
        if dry_run:
            return take_back(publisher, 0, wanted, images, dry_run=True)
        # A typing error is no run.
        sets_to_take_back(publisher, wanted, images)
        with ledger.run("rollback") as going:
            ledger.close_runs(before=going.number)
            done = take_back(publisher, going.number, wanted, images)
            going.code = done.code
        return done
