"""A plan without an engine: from the files and the ledger alone, taking base and emulator to be as they were last time."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.build.execution import Execution
from orchestrator.ledger.ledger import Ledger, open_ledger
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.plan.plan import Action, Known, PlannedCell, plan_cell
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.render.tree import render_images
from orchestrator.system.places import Places


def foresee(matrix: Matrix, cells: Sequence[Cell], places: Places) -> tuple[PlannedCell, ...]:
    """Plan cells without looking at anything outside."""
    images = tuple({cell.image.id: cell.image for cell in cells}.values())
    rendered = {one.image.id: one.text for one in render_images(matrix, images)}
    with open_ledger(places.ledger, create=False) as ledger:
        return tuple(
            plan_cell(cell, _as_last_time(cell, rendered[cell.image.id], ledger), ledger, present=None)
            for cell in cells
        )


def publications(matrix: Matrix, planned: Sequence[PlannedCell]) -> list[dict[str, object]]:
    """Say for each image whether it could be published now: every architecture that is enabled for it has to be proven."""
    found = []
    for image in dict.fromkeys(one.cell.image.id for one in planned):
        of_image = [one for one in planned if one.cell.image.id == image]
        cells = [cell.id for cell in matrix.cells if cell.image.id == image]
        proven = {one.cell.id for one in of_image if one.action is Action.NOTHING}
        waiting = [cell for cell in cells if cell not in proven]
        found.append({"image": image, "ready": not waiting, "waiting_for": waiting})
    return found


def _as_last_time(cell: Cell, dockerfile: str, ledger: Ledger) -> Known:
    latest = ledger.latest(cell.id)
    if latest is None:
        return Known(dockerfile=dockerfile, base_digest="", execution=Execution(), proofs=fingerprint())
    executed = latest.ingredients.get("execution", "")
    emulator = executed.removeprefix("emulated (").removesuffix(")") if executed.startswith("emulated (") else ""
    return Known(
        dockerfile=dockerfile,
        base_digest=latest.ingredients.get("base", ""),
        execution=Execution(emulator=emulator),
        proofs=fingerprint(),
    )
