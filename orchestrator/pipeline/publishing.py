"""From proven cells to published images; an image that is not whole is held back without holding back the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import OrchestratorError
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.names import Names, release_first
from orchestrator.publish.publish import Published, publish_image
from orchestrator.publish.registry import Registry
from orchestrator.system.process import run


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was published, and which images were held back for which reason."""

    published: tuple[Published, ...]
    held_back: Mapping[str, str]


def publish_cells(shop: Workshop, cells: Sequence[Cell], names: Names, *, dry_run: bool = False) -> Report:
    """Publish the images of some cells. The last attempt at every enabled architecture of an image has to be proven."""
    registry = Registry(client=shop.client, docker=shop.engine.docker, environment=shop.engine.environment, run=run)
    published: list[Published] = []
    held_back: dict[str, str] = {}
    number = 0 if dry_run else shop.ledger.start_run("publish")
    for image in {cell.image.id: cell.image for cell in cells}.values():
        wanted = [cell for cell in shop.matrix.cells if cell.image.id == image.id]
        proven = _proven(shop, wanted)
        missing = [cell.id for cell in wanted if cell.architecture.name not in proven]
        if missing:
            held_back[image.id] = f"not proven: {', '.join(missing)}"
            continue
        if dry_run:
            targets = [names.of_cell(cell, tag) for tag in release_first(image) for cell in wanted]
            targets += [names.of_index(tag) for tag in release_first(image)]
            published += [Published(reference=target, digest="") for target in targets]
            continue

        try:
            for one in publish_image(image, proven, names=names, registry=registry):
                published.append(one)
                shop.ledger.published(number, one.reference, one.digest)
        except OrchestratorError as error:
            held_back[image.id] = error.message
    if not dry_run:
        shop.ledger.end_run(number, 1 if held_back else 0)
    return Report(published=tuple(published), held_back=held_back)


def _proven(shop: Workshop, cells: Sequence[Cell]) -> dict[str, tuple[Cell, Attempt]]:
    found = {}
    for cell in cells:
        attempt = shop.ledger.latest(cell.id)
        if attempt is not None and attempt.state is State.PROVEN:
            found[cell.architecture.name] = (cell, attempt)
    return found
