"""Before a run: what keys depend on is resolved, side by side; cells are planned; what they need is fetched ahead of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from docker.errors import DockerException

from orchestrator.bases.heads import base_heads, memory_of
from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.provider import Bases
from orchestrator.bases.registry import PATIENCE, from_registry
from orchestrator.bases.resolve import BaseResolver, wanted_by
from orchestrator.config.settings import Acceleration, BasePolicy
from orchestrator.disk.space import warn_of_disk
from orchestrator.errors import OrchestratorError, UnreachableError, VerificationError
from orchestrator.inputs.provider import Inputs
from orchestrator.ledger.recall import Recall
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.acceleration import Accelerating
from orchestrator.pipeline.building import Cache, Equip, Ingredients
from orchestrator.pipeline.farm import Farm, open_farm
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Action, Known, PlannedCell, plan_cell
from orchestrator.prove.containers.owners import sweep
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.recipe.recipe import recipe_for
from orchestrator.registry.registries import Registries
from orchestrator.render.tree import render_images
from orchestrator.system.owners import end_orphans
from orchestrator.system.progress import tell_retries
from orchestrator.system.retrying import Reachability, Retries
from orchestrator.system.scratch import OF_RUNS, sweep_scratch

#: So many bases or inputs are looked up or fetched at once: what waits for a network costs no core.
_LANES = 4


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Cells with their plan, the builders, and the resolvers that will be asked for bases and inputs.

    `present` maps references in the engine to ids, as they were when the plan was made. `missing` says of cells, by id, why their base cannot
    be had: they fail, the others are worked on. `equip` gives an emulated build its native tools, `cache` a native one what keeps
    compiled objects. `retries` counts the look-ups that were tried again.
    """

    planned: tuple[PlannedCell, ...]
    farm: Farm
    bases: BaseResolver
    inputs: Inputs
    present: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, OrchestratorError] = field(default_factory=dict)
    equip: Equip = lambda *_: None
    cache: Cache = lambda *_: None
    retries: int = 0

    def ingredients(self, cell: Cell) -> Ingredients:
        """Give what the build of a cell needs; what has not been fetched yet is fetched now."""
        return Ingredients(
            base=self.bases.resolve(cell),
            source=self.inputs.source(cell.image.line),
            wheels=self.inputs.wheels(recipe_for(cell.image).wheels),
        )


def prepare(
    shop: Workshop, cells: Sequence[Cell], *, force: bool = False, elsewhere: Mapping[str, str] | None = None
) -> Prepared:
    """Clear away what killed runs left, resolve what the keys depend on, and plan. Bases that have to be bootstrapped are bootstrapped here.

    `elsewhere` maps references of images, by digest, to where they are in a registry (`REPOSITORY@DIGEST`): those need not be in the engine.
    """
    end_orphans()
    sweep_scratch(*OF_RUNS)
    sweep(shop.client)
    retries = Retries(patience=PATIENCE, on_retry=tell_retries(shop.progress))
    # The engine takes its time to list what it has, and nothing below changes that.
    lister = ThreadPoolExecutor(max_workers=1, thread_name_prefix="images")
    listed = lister.submit(shop.images)
    lister.shutdown(wait=False)
    bases = _bases(shop, retries, cells)
    # Bases that nothing gives are found out at once, before any emulator is fetched for them.
    bases.check(cells)
    low = warn_of_disk(
        shop.places, Path(shop.engine.data_root) if shop.engine.local and shop.engine.data_root else None
    )
    if low is not None:
        shop.progress.warn(f"{low.detail}; {low.mend}")
    farm = open_farm(shop.settings, shop.engine, cells, shop.places, shop.progress)
    digests, missing = _digests(shop, bases, cells)
    images = tuple({cell.image.id: cell.image for cell in cells}.values())
    texts = {one.image.id: one.text for one in render_images(shop.matrix, images)}
    present = listed.result()
    published = {name: place.rpartition("@")[2] for name, place in (elsewhere or {}).items()}
    memory = Recall(shop.ledger)
    accelerating = Accelerating(shop=shop, farm=farm, bases=bases, texts=texts)

    def known(cell: Cell) -> Known:
        preferred, *others = farm.executions(cell)
        return Known(
            dockerfile=texts[cell.image.id],
            base_digest=digests.get(cell.id, ""),
            execution=preferred,
            alternatives=tuple(others),
            proofs=fingerprint(),
            tools=accelerating.tools(cell) if cell.id in digests else "",
            without_tools=shop.settings.acceleration is not Acceleration.OFF,
        )

    somewhere = {**present, **published}
    planned = tuple(plan_cell(cell, known(cell), memory, present=somewhere, force=force) for cell in cells)
    planned = tuple(
        bring_back(shop, one, elsewhere or {}) if one.action is Action.PROVE and _is_away(one, present) else one
        for one in planned
    )
    own = () if shop.settings.inputs is None else (Path(shop.settings.inputs),)
    inputs = Inputs(places=shop.places, progress=shop.progress, directories=own, cancellation=shop.cancellation)
    return Prepared(
        planned=planned,
        farm=farm,
        bases=bases,
        inputs=inputs,
        present=present,
        missing=missing,
        equip=accelerating.equip,
        cache=accelerating.cache,
        retries=retries.count,
    )


def _is_away(one: PlannedCell, present: Mapping[str, str]) -> bool:
    return one.attempt is not None and one.attempt.reference not in present


def bring_back(shop: Workshop, one: PlannedCell, elsewhere: Mapping[str, str]) -> PlannedCell:
    """Pull an image that is to be proven again, and is only in the registry; where that does not work, it is built again."""
    assert one.attempt is not None  # noqa: S101 - nothing else is planned to be proven
    repository, _, digest = elsewhere[one.attempt.reference].partition("@")
    shop.progress.note(f"{one.cell.id}: pulling {repository}, to prove it again")
    try:
        image = shop.client.images.pull(repository, tag=digest, platform=str(one.cell.architecture.platform))
        name, _, tag = one.attempt.reference.rpartition(":")
        image.tag(name, tag=tag)
    except DockerException as error:
        reason = f"its proofs have changed, and its image cannot be pulled: {str(error)[:120]}"
        return replace(one, action=Action.BUILD, reason=reason, attempt=None)
    return one


def _digests(
    shop: Workshop, bases: BaseResolver, cells: Sequence[Cell]
) -> tuple[dict[str, str], dict[str, OrchestratorError]]:
    """Resolve the base of every cell, several at once, each base once; returns the digests, and why others cannot be had, by cell.

    Raises what the machine lacks, and the reason of the first when no base can be had at all.
    """

    def resolve(cell: Cell) -> Base | OrchestratorError:
        try:
            return bases.resolve(cell)
        except (UnreachableError, VerificationError) as error:
            return error

    first = {(cell.image.variant.base, cell.architecture.name): cell for cell in cells}
    with ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="base") as pool:
        futures = {name: pool.submit(resolve, cell) for name, cell in first.items()}
        try:
            found = {name: future.result() for name, future in futures.items()}
        except BaseException:
            shop.cancellation.cancel()
            pool.shutdown(cancel_futures=True)
            raise
    by_cell = {cell.id: found[cell.image.variant.base, cell.architecture.name] for cell in cells}
    missing = {name: one for name, one in by_cell.items() if isinstance(one, OrchestratorError)}
    if len(missing) == len(by_cell):
        raise next(iter(missing.values()))
    return {name: one.digest for name, one in by_cell.items() if isinstance(one, Base)}, missing


def _bases(shop: Workshop, retries: Retries, cells: Sequence[Cell]) -> BaseResolver:
    reachability = Reachability()
    found: Mapping[tuple[str, str], Base] = {}
    if shop.settings.bases is not BasePolicy.BOOTSTRAP:
        plain = frozenset(shop.settings.plain_registries)
        with Registries(
            environment=shop.engine.environment, plain=plain, retries=retries, without_connection=2
        ) as registries:
            wanted = {(one.reference, one.architecture.name): one for one in map(wanted_by, cells)}
            found = base_heads(
                registries, wanted.values(), shop.settings.base_registry, memory=memory_of(shop.places)
            ).bases

    def look_up(wanted: Wanted) -> Base:
        # What could not be found out is asked once more in docker's own way, which may know another one.
        return found.get((wanted.reference, wanted.architecture.name)) or from_registry(
            wanted,
            docker=shop.engine.docker,
            environment=shop.engine.environment,
            base_registry=shop.settings.base_registry,
            retries=retries,
            reachability=reachability,
        )

    return BaseResolver(
        policy=shop.settings.bases,
        look_up=look_up,
        bases=Bases(places=shop.places, progress=shop.progress, cancellation=shop.cancellation),
        progress=shop.progress,
    )


@contextlib.contextmanager
def fetching_ahead(prepared: Prepared) -> Iterator[None]:
    """Fetch the inputs of all cells that will be built, in the order of the plan, while the first ones are at work already.

    What fails here is not told: the build that needs it fails the same way, and that is told.
    """
    wanted: dict[str, Callable[[], object]] = {}
    for one in prepared.planned:
        if one.action is Action.BUILD:
            line, wheels = one.cell.image.line, recipe_for(one.cell.image).wheels
            wanted.setdefault(f"source {line.source.sha256}", lambda line=line: prepared.inputs.source(line))  # type: ignore[misc]
            wanted.setdefault(f"wheels {wheels}", lambda wheels=wheels: prepared.inputs.wheels(wheels))  # type: ignore[misc]
    stop = threading.Event()

    def fetch() -> None:
        for call in wanted.values():
            if stop.is_set():
                return
            with contextlib.suppress(OrchestratorError):
                call()

    if wanted:
        threading.Thread(target=fetch, name="fetch ahead", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
