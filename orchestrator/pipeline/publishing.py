"""From proven cells to published images; an image that is not whole is held back without holding back the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.names import Names, release_first
from orchestrator.publish.publish import Published, publish_image
from orchestrator.publish.registry import Registry
from orchestrator.render.tree import render_images
from orchestrator.system.process import run


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was published, which images were held back for which reason, and the exit code that this comes to."""

    published: tuple[Published, ...]
    held_back: Mapping[str, str]
    code: ExitCode


def publish_cells(shop: Workshop, cells: Sequence[Cell], names: Names, *, dry_run: bool = False) -> Report:
    """Publish the images of some cells; every enabled architecture of an image has to be proven as the files say now."""
    registry = Registry(
        client=shop.client,
        docker=shop.engine.docker,
        environment=shop.engine.environment,
        run=run,
        exact=shop.engine.containerd_store,
    )
    published: list[Published] = []
    held_back: dict[str, str] = {}
    codes: set[ExitCode] = set()
    number = 0 if dry_run else shop.ledger.start_run("publish")
    code = ExitCode.INTERRUPTED
    try:
        images = tuple({cell.image.id: cell.image for cell in cells}.values())
        for rendered in render_images(shop.matrix, images):
            image = rendered.image
            wanted = [cell for cell in shop.matrix.cells if cell.image.id == image.id]
            proven = _proven(shop, wanted, hashlib.sha256(rendered.text.encode()).hexdigest())
            missing = [cell.id for cell in wanted if cell.architecture.name not in proven]
            if missing:
                held_back[image.id] = f"not proven as the files say now: {', '.join(missing)}"
                codes.add(ExitCode.CELLS_FAILED)
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
                codes.add(error.code)
        code = ExitCode.DONE if not codes else codes.pop() if len(codes) == 1 else ExitCode.CELLS_FAILED
    finally:
        if not dry_run:
            shop.ledger.end_run(number, int(code))
    return Report(published=tuple(published), held_back=held_back, code=code)


def _proven(shop: Workshop, cells: Sequence[Cell], dockerfile: str) -> dict[str, tuple[Cell, Attempt]]:
    """Find the newest proven attempts at this Dockerfile: an image of yesterday's release must not get today's tags."""
    found = {}
    for cell in cells:
        attempts = (one for one in shop.ledger.attempts(cell.id) if one.state is State.PROVEN)
        attempt = next((one for one in attempts if one.ingredients.get("dockerfile") == dockerfile), None)
        if attempt is not None:
            found[cell.architecture.name] = (cell, attempt)
    return found
