"""From proven cells to published images; an image that is not whole is held back without holding back the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.errors import ExitCode, OrchestratorError, summary
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell, Image
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.names import Names, release_first
from orchestrator.publish.publish import Published, publish_image
from orchestrator.publish.registry import Registry
from orchestrator.render.tree import render_images
from orchestrator.system.process import run
from orchestrator.system.progress import Progress
from orchestrator.system.retrying import OnRetry, Retries


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was published, which images were held back for which reason, and the exit code that this comes to."""

    published: tuple[Published, ...]
    held_back: Mapping[str, str]
    code: ExitCode
    retries: int = 0


def publish_cells(shop: Workshop, cells: Sequence[Cell], names: Names, *, dry_run: bool = False) -> Report:
    """Publish the images of some cells; every enabled architecture of an image has to be proven as the files say now."""
    registry = Registry(
        client=shop.client,
        docker=shop.engine.docker,
        environment=shop.engine.environment,
        run=run,
        exact=shop.engine.containerd_store,
        retries=Retries(on_retry=tell_retries(shop.progress)),
    )
    images = tuple({cell.image.id: cell.image for cell in cells}.values())
    outcome = _Outcome()
    whole = []
    for rendered in render_images(shop.matrix, images):
        wanted = [cell for cell in shop.matrix.cells if cell.image.id == rendered.image.id]
        proven = _proven(shop, wanted, hashlib.sha256(rendered.text.encode()).hexdigest())
        missing = [cell.id for cell in wanted if cell.architecture.name not in proven]
        if missing:
            outcome.hold_back(
                rendered.image, f"not proven as the files say now: {', '.join(missing)}", ExitCode.CELLS_FAILED
            )
        else:
            whole.append((rendered.image, proven))
    if dry_run:
        for image, proven in whole:
            tags = release_first(image)
            targets = [names.of_cell(cell, tag) for tag in tags for cell, _ in proven.values()]
            targets += [names.of_index(tag) for tag in tags]
            outcome.published += [Published(reference=target, digest="") for target in targets]
        return outcome.report()
    with shop.ledger.run("publish") as going:
        for image, proven in whole:
            try:
                for one in publish_image(image, proven, names=names, registry=registry):
                    outcome.published.append(one)
                    shop.ledger.published(going.number, one.reference, one.digest)
            except OrchestratorError as error:
                outcome.hold_back(image, error.message, error.code)
        report = replace(outcome.report(), retries=registry.retries.count)
        going.code = report.code
    return report


def tell_retries(progress: Progress) -> OnRetry:
    """Tell what a registry stumbled over, each time."""
    return lambda what, tries, seconds: progress.note(f"{what}; try {tries + 1} in {seconds:.1f} s")


@dataclass(kw_only=True, slots=True)
class _Outcome:
    """A report in the making."""

    published: list[Published] = field(default_factory=list)
    held_back: dict[str, str] = field(default_factory=dict)
    codes: set[ExitCode] = field(default_factory=set)

    def hold_back(self, image: Image, reason: str, code: ExitCode) -> None:
        self.held_back[image.id] = reason
        self.codes.add(code)

    def report(self) -> Report:
        return Report(published=tuple(self.published), held_back=self.held_back, code=summary(self.codes))


def _proven(shop: Workshop, cells: Sequence[Cell], dockerfile: str) -> dict[str, tuple[Cell, Attempt]]:
    """Find the newest proven attempts at this Dockerfile: an image of yesterday's release must not get today's tags."""
    found = {}
    for cell in cells:
        attempts = (one for one in shop.ledger.attempts(cell.id) if one.state is State.PROVEN)
        attempt = next((one for one in attempts if one.ingredients.get("dockerfile") == dockerfile), None)
        if attempt is not None:
            found[cell.architecture.name] = (cell, attempt)
    return found
