"""Comparing a registry with what should be there, from end to end, and mending it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import httpx

from orchestrator.config.settings import Rebuilds, Settings
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Image, Matrix
from orchestrator.pipeline.lock import at_work_since, run_lock
from orchestrator.pipeline.publishing import Beside
from orchestrator.pipeline.workshop import Workshop, open_workshop
from orchestrator.publish.names import Names
from orchestrator.reconcile.bases import bases_now
from orchestrator.reconcile.expecting import expect
from orchestrator.reconcile.images import images_there, stale, unproven, unsigned
from orchestrator.reconcile.indexes import partial
from orchestrator.reconcile.looking import IsSigned, Look
from orchestrator.reconcile.mending import Mender, OpenWorkshop
from orchestrator.reconcile.model import Compared, Expected, Finding, Kind
from orchestrator.reconcile.tags import misled, undeclared, unfinished
from orchestrator.reconcile.words import Words
from orchestrator.registry.exchange import make_client
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress, tell_retries
from orchestrator.system.retrying import Patience, Retries

#: A registry that stumbles is asked again as often as usual; one that is not there is given up sooner than when something is to be pushed.
_PATIENCE = Patience(seconds=30.0)
#: Bases are beside the point: what cannot be found out about them is told.
_PATIENCE_FOR_BASES = Patience(attempts=2, seconds=10.0)

Http = Callable[[str], httpx.Client]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is compared. `whole` is true when all images are: only then is it known which tags are extra. `signed` asks for signatures."""

    matrix: Matrix
    images: tuple[Image, ...]
    names: Names
    settings: Settings
    whole: bool = True
    signed: bool = False
    words: Words = field(default_factory=Words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """How it is mended: with tags of full releases led to other builds (`rebuilds`), with undeclared tags removed, after other runs (`wait`)."""

    rebuilds: Rebuilds = Rebuilds.BASE
    remove_extra: bool = False
    wait: bool = True


def reconcile(
    task: Task,
    places: Places,
    progress: Progress,
    *,
    fix: Fix | None = None,
    http: Http = make_client,
    patience: Patience = _PATIENCE,
) -> Compared:
    """Compare, and mend with `fix`: then it is a run of the ledger, alone; without it nothing is written.

    Raises `UnreachableError` when the registry cannot be asked, `EnvironmentFailedError` when another run is not waited for.
    """
    with contextlib.ExitStack() as stack:
        if fix is not None:
            stack.enter_context(run_lock(places, progress, command="reconcile", wait=fix.wait))
        elif (since := at_work_since(places)) is not None:
            progress.note(
                f"a run is at work since {since[:19]}: what it is publishing right now may be told as unfinished"
            )
        ledger = stack.enter_context(open_ledger(places.ledger, create=fix is not None))
        requests, plain = itertools.count(), frozenset(task.settings.plain_registries)
        registries = stack.enter_context(
            Registries(
                environment=os.environ,
                plain=plain,
                retries=Retries(patience=patience, on_retry=tell_retries(progress)),
                http=lambda registry: _counted(http(registry), requests),
            )
        )
        bases = stack.enter_context(
            Registries(
                environment=os.environ,
                plain=plain,
                retries=Retries(patience=_PATIENCE_FOR_BASES),
                http=lambda registry: _counted(http(registry), requests),
            )
        )
        comparing = Comparing(
            task=task, places=places, progress=progress, ledger=ledger, registries=registries, bases=bases
        )
        found = comparing.compare()
        if fix is not None:
            found = _mended(comparing, found, fix)
        return replace(found, requests=next(requests))


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """The open seams of a comparison; `bases` are the registries with less patience, for base images."""

    task: Task
    places: Places
    progress: Progress
    ledger: Ledger
    registries: Registries
    bases: Registries

    def expected(self) -> tuple[Expected, ...]:
        """What should be there, as the ledger says now."""
        return expect(self.task.matrix, self.task.images, self.task.names, self.ledger)

    def compare(self) -> Compared:
        """Look at everything and say what is not as it should be; how many requests that took is not counted here."""
        task, expected = self.task, self.expected()
        look = Look(
            registries=self.registries,
            names=task.names,
            recall=self._recall,
            progress=self.progress,
            repositories=self._repositories() if task.whole else (),
            is_signed=_signature_check() if task.signed else None,
        )
        seen = look.at(expected)
        there = tuple(found for one in expected for found in images_there(one, seen))
        bases, notes = bases_now(there, task.settings, self.places, self.bases)
        latest = self.ledger.newest()
        examined = {one.cell.id: self.ledger.examinations(one.cell.id, limit=5) for one in there}
        findings: list[Finding] = []
        for one in expected:
            tags = [*unfinished(one, seen, task.words), *misled(one, seen, task.words)]
            findings += tags
            findings += partial(one, seen, task.words, {found.reference for found in tags})
            findings += unproven(one, seen, task.words, latest=latest, examined=examined)
            findings += stale(one, seen, task.words, bases)
            findings += unsigned(one, seen, task.words)
        extra, former = undeclared(expected, seen.tags, task.words)
        return Compared(findings=(*findings, *extra), checked=len(seen.heads), requests=0, former=former, notes=notes)

    def _recall(self, digests: Collection[str]) -> Sequence[Attempt]:
        listed = json.dumps(sorted(digests))
        return self.ledger.bare("WHERE digest IN (SELECT value FROM json_each(?))", (listed,))

    def _repositories(self) -> tuple[str, ...]:
        """Our repositories: one for each architecture that something is declared for, and that of the indexes."""
        names = [self.task.names.of_cell(cell, "x") for cell in self.task.matrix.cells]
        return tuple(dict.fromkeys(name.removesuffix(":x") for name in (*names, self.task.names.of_index("x"))))


def _mended(comparing: Comparing, found: Compared, fix: Fix) -> Compared:
    """Mend what was found, then look again: only what is not found any more has been mended."""
    with comparing.ledger.run("reconcile") as run:
        task = comparing.task
        if any(one.kind is not Kind.STALE for one in found.findings):
            mender = Mender(
                matrix=task.matrix,
                names=task.names,
                ledger=comparing.ledger,
                registries=comparing.registries,
                progress=comparing.progress,
                workshop=_workshop(comparing),
                beside=_attesting(comparing),
                rebuilds=fix.rebuilds,
            )
            mender.mend(run.number, comparing.expected(), found.findings, remove_extra=fix.remove_extra)
            left = comparing.compare()
            names = {one.name for one in left.findings}
            found = replace(left, fixed=tuple(one for one in found.findings if one.name not in names))
        run.code = found.code
    return found


def _workshop(comparing: Comparing) -> OpenWorkshop:
    """The run's lock is held already."""

    @contextlib.contextmanager
    def open_() -> Iterator[Workshop]:
        with open_workshop(comparing.task.matrix, comparing.task.settings, comparing.progress) as shop:
            yield shop

    return open_


def _attesting(comparing: Comparing) -> Beside | None:
    if not comparing.task.settings.attestations:
        return None
    from orchestrator.pipeline.attesting import Attesting  # noqa: PLC0415 - only where something may be published

    return Attesting(
        matrix=comparing.task.matrix,
        names=comparing.task.names,
        places=comparing.places,
        registries=comparing.registries,
        chronicle=Chronicle(comparing.ledger),
    )


def _counted(client: httpx.Client, requests: Iterator[int]) -> httpx.Client:
    def count(_: httpx.Request) -> None:
        next(requests)

    client.event_hooks = {"request": [count]}
    return client


def _signature_check() -> IsSigned:
    from orchestrator.attest.signing import is_signed  # noqa: PLC0415 - only where signatures are asked for

    return is_signed
