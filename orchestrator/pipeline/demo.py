"""The demonstration: every stage once, on real input, ending in images that were pulled back from a registry and run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from orchestrator.config.settings import Acceleration, BasePolicy, Rebuilds, Settings
from orchestrator.errors import ExitCode, VerificationError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.preparing import prepare
from orchestrator.pipeline.publication import publish_images
from orchestrator.pipeline.run import exit_code, run_cells
from orchestrator.pipeline.workshop import Alone, Workshop, open_workshop
from orchestrator.publish.names import Names
from orchestrator.publish.pullback import pull_and_run
from orchestrator.registry.local import local_registry
from orchestrator.report.board import ConsoleBoard
from orchestrator.report.results import describe_results, results_table
from orchestrator.select import Selection, select_cells, select_image
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it went, for people and for machines."""

    code: ExitCode
    table: str
    document: dict[str, Any]


def run_demo(
    path: Path, word: str, progress: Progress, console: Console, *, acceleration: str | None = None
) -> Outcome:
    """Run the demonstration on one image of the matrix at `path`; `acceleration` as in the settings."""
    matrix = load_matrix(path)
    image = select_image(matrix, word)
    cells = select_cells(matrix, Selection(ids=(image.id,)))
    progress.note(f"demo: {image.id} ({image.line.release}) for {', '.join(cell.architecture.name for cell in cells)}")
    settings = Settings(bases=BasePolicy.BOOTSTRAP, acceleration=Acceleration(acceleration or Acceleration.AUTO))
    with open_workshop(matrix, settings, progress, alone=Alone(command="demo")) as shop:
        prepared = prepare(shop, cells)
        with shop.ledger.run("demo") as run:
            results = run_cells(shop, run.number, prepared, ConsoleBoard(console))
            run.code = code = exit_code(results)
        if code is not ExitCode.DONE:
            return Outcome(code=code, table=results_table(results), document=describe_results(results))
        with local_registry(shop.places, progress) as address:
            names = Names(registry=address, namespace=shop.settings.namespace, repository=matrix.name)
            report = publish_images(shop, (image,), names, rebuilds=Rebuilds.ALWAYS)
            if report.held_back:
                raise VerificationError(
                    "; ".join(held.reason for held in report.held_back.values()),
                    mend="see above; then run the demo again",
                )
            progress.note(
                f"{len(report.published)} references led to new images in the registry at {address}, {report.unchanged} there already"
            )
            for note in (*_attached(shop, results), *report.notes):
                progress.note(note)
            index = names.of_index(image.tags[0])
            machines = _pull_back(shop, cells, index, progress)
    places = {
        cell.id: [f"{cell.architecture.name}/{matrix.name}:{tag}" for tag in (*image.tags, *image.shared_tags)]
        for cell in cells
    }
    document = describe_results(results) | {
        "published": [{"reference": one.reference, "digest": one.digest} for one in report.published],
        "machines": machines,
    }
    table = results_table(results, places=places)
    pulled = ", ".join(f"{name} says {machine}" for name, machine in machines.items())
    return Outcome(
        code=code,
        table=f"{table}\npulled back {index.partition('/')[2]} by platform: {pulled}",
        document=document,
    )


def _attached(shop: Workshop, results: tuple[CellResult, ...]) -> list[str]:
    """Say what lies beside each image in its registry."""
    known = Chronicle(shop.ledger).attachments()
    return [
        f"{result.cell.id}: attached: {', '.join(sorted(kinds))}"
        for result in results
        if result.attempt is not None and (kinds := known.get(result.attempt.digest))
    ]


def _pull_back(shop: Workshop, cells: tuple[Cell, ...], index: str, progress: Progress) -> dict[str, str]:
    machines = {}
    for cell in cells:
        machine = pull_and_run(shop.client, index, cell.architecture.platform)
        progress.note(f"pulled {index} for {cell.architecture.platform}: print(platform.machine()) says {machine}")
        machines[cell.architecture.name] = machine
    if len(set(machines.values())) != len(machines):
        raise VerificationError(
            f"{index} gives the same machine for different platforms: {machines}",
            mend="the index is wrong: publish again",
        )
    return machines
