"""A night: what changed is built and proven, what is whole is published, old things are removed, and new releases are told.

It may run every hour: with nothing to do it asks the registry for every tag once, and changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.bump.finding import SourceSettings
from orchestrator.bump.opening import open_proposer
from orchestrator.bump.releases import NewRelease, ReleaseWatch
from orchestrator.config.settings import Proposals, Rebuilds
from orchestrator.errors import ExitCode, OrchestratorError, UnreachableError
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.board import Board
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.outcome import Looked, Report
from orchestrator.pipeline.preparing import prepare
from orchestrator.pipeline.proposing import Proposed, Proposing
from orchestrator.pipeline.publication import open_registries, publisher_of
from orchestrator.pipeline.publishing import Publisher
from orchestrator.pipeline.run import RunStopped, exit_code, retries_of, run_cells
from orchestrator.pipeline.tidying import tidy
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.names import names_for
from orchestrator.system.retrying import Reachability

#: Seconds that the release site is waited for when everything else is done.
_GRACE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What may be said of a night: `rebuilds` and `propose` None take the settings' word for it."""

    jobs: int | None = None
    rebuilds: Rebuilds | None = None
    sign: bool = False
    prune: bool = True
    propose: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Night:
    """How a night went. `run` is its number; `report` is None where nothing was to be published. `freed` are bytes."""

    run: int
    results: tuple[CellResult, ...]
    code: ExitCode
    report: Report | None = None
    retries: int = 0
    releases: tuple[NewRelease, ...] = ()
    proposals: tuple[Proposed, ...] = ()
    freed: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is in the registry before anything is done: what was looked at, and which proven images are there as they should be.

    `elsewhere` maps an image's reference in the engine to where it can be pulled from (`REPOSITORY@DIGEST`).
    """

    looked: Looked = field(default_factory=Looked)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def run_nightly(shop: Workshop, cells: Sequence[Cell], board: Board, wishes: Wishes | None = None) -> Night:
    """Work through all cells, then publish to the registry of the settings, if there is one."""
    wishes = Wishes() if wishes is None else wishes
    lines = tuple({cell.image.line.name: cell.image.line for cell in cells}.values())
    watch = ReleaseWatch(lines=lines, memory=shop.places.cache / "releases.json", site=shop.settings.bump.source_url)
    watch.start()
    with shop.ledger.run("nightly") as run, _publishing(shop, wishes) as publisher:
        seen = Seen() if publisher is None else look(shop, publisher, run.number)
        prepared = prepare(shop, cells, elsewhere=seen.elsewhere)
        try:
            results = run_cells(shop, run.number, prepared, board, jobs=wishes.jobs)
        except RunStopped as stopped:
            return Night(run=run.number, results=stopped.results, code=ExitCode.INTERRUPTED)
        run.code = exit_code(results)
        notes = []
        report = None
        if publisher is None:
            shop.progress.note("nothing is published: there is no registry: in the config")
        else:
            images = tuple({cell.image.id: cell.image for cell in cells}.values())
            rebuilds = shop.settings.rebuilds if wishes.rebuilds is None else wishes.rebuilds
            try:
                # Building may have taken hours: a registry that was away before is asked again.
                publisher.registries.reachability = Reachability()
                report = publisher.publish(run.number, images, rebuilds=rebuilds, seen=seen.looked)
                code = report.code
            except OrchestratorError as error:  # what was built is there, and the next night publishes it
                notes.append(f"not published: {error}")
                code = error.code
            run.code = code if run.code is ExitCode.DONE else run.code
        freed = 0
        if wishes.prune and not all(result.done_before for result in results):
            try:
                freed = tidy(shop)
            except OrchestratorError as error:  # what was built and published is none the worse for it
                notes.append(f"nothing is removed: {error.message}")
        releases, why_not = watch.wait(_GRACE)
        proposals = _propose(shop, wishes, releases, notes)
        return Night(
            run=run.number,
            results=results,
            code=run.code,
            report=report,
            retries=retries_of(prepared, results) + (report.retries if report is not None else 0),
            releases=releases,
            proposals=proposals,
            freed=freed,
            notes=(*notes, *([f"new releases are not known: {why_not}"] if why_not else [])),
        )


def _propose(shop: Workshop, wishes: Wishes, releases: Sequence[NewRelease], notes: list[str]) -> tuple[Proposed, ...]:
    wanted = shop.settings.propose if wishes.propose is None else wishes.propose and (shop.settings.propose or True)
    if not wanted or not releases:
        return ()
    proposing = Proposing(
        matrix=shop.matrix,
        wanted=Proposals() if isinstance(wanted, bool) else wanted,
        proposer=open_proposer(
            shop.settings,
            SourceSettings(),
            root=shop.matrix.root,
            places=shop.places,
            progress=shop.progress,
            cancellation=shop.cancellation,
        ),
    )
    proposals = proposing.propose(releases)
    notes += proposing.notes
    return proposals


@contextlib.contextmanager
def _publishing(shop: Workshop, wishes: Wishes) -> Iterator[Publisher | None]:
    if shop.settings.registry is None:
        yield None
        return
    names = names_for(shop.matrix, shop.settings.registry, shop.settings.namespace)
    with open_registries(shop) as registries:
        yield publisher_of(shop, names, registries, sign=wishes.sign)


def look(shop: Workshop, publisher: Publisher, run: int) -> Seen:
    """Finish what killed runs left half visible, and ask where every reference of the published sets leads. An image that a tag of its own leads to need not be in the engine, too.

    A registry that does not answer is held to have what was published: else all that is not in the engine would be built again.
    """
    finished = publisher.finish(run)
    current = publisher.journal.current(publisher.place)
    heads: Mapping[str, str | None] = {}
    try:
        heads = publisher.registries.heads(target.reference for one in current.values() for target in one.targets)
    except UnreachableError as error:
        shop.progress.warn(f"{error.message}: what changed is built all the same")
    if not publisher.exact:
        return Seen(looked=Looked(heads=heads, finished=finished))
    proven = {one.id: one for one in shop.ledger.newest(proven=True).values()}
    cells = {cell.id: cell for cell in shop.matrix.cells}
    elsewhere = {}
    for one in current.values():
        there = {target.digest for target in one.targets if heads.get(target.reference, target.digest) == target.digest}
        for member in one.members:
            if member.digest in there and member.attempt in proven and member.cell in cells:
                repository = publisher.names.of_cell(cells[member.cell], "x").removesuffix(":x")
                elsewhere[proven[member.attempt].reference] = f"{repository}@{member.digest}"
    return Seen(looked=Looked(heads=heads, finished=finished), elsewhere=elsewhere)
