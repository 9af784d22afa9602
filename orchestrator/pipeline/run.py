"""A run over many cells: plan with what is known, work cell by cell, keep going past a failure, and say how it went."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.provider import Bases
from orchestrator.bases.registry import from_registry
from orchestrator.bases.resolve import BaseResolver
from orchestrator.build.execution import Execution
from orchestrator.errors import ExitCode, summary
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.cell import CellResult, Ingredients, work
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Known, PlannedCell, order, plan_cell
from orchestrator.prove.containers.owners import sweep
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.tree import render_images


class Board:
    """What a run tells while it goes on. Implementations live in `orchestrator.report`."""

    def begin(self, planned: PlannedCell) -> None:
        """A cell is started."""

    def step(self, planned: PlannedCell, step: str) -> None:
        """A build step of it begins."""

    def end(self, result: CellResult) -> None:
        """A cell is done, or has failed."""

    def close(self) -> None:
        """The run is over, perhaps in the middle of a cell."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Cells with their plan, and the resolvers that will be asked for bases and inputs."""

    planned: tuple[PlannedCell, ...]
    bases: BaseResolver
    inputs: Inputs


def prepare(shop: Workshop, cells: Sequence[Cell], *, force: bool = False) -> Prepared:
    """Resolve what the keys depend on, and plan. Bases that have to be bootstrapped are bootstrapped here."""
    sweep(shop.client)
    bases = _bases(shop)
    # A base that cannot be had fails at once, before any emulator is fetched for it.
    bases.check(cells)
    executions = shop.executions(cells)
    rendered = {
        one.image.id: one.text
        for one in render_images(shop.matrix, tuple({cell.image.id: cell.image for cell in cells}.values()))
    }
    present = shop.images()

    def known(cell: Cell) -> Known:
        return Known(
            dockerfile=rendered[cell.image.id],
            base_digest=bases.resolve(cell).digest,
            execution=executions.get(cell.architecture.name, Execution()),
            proofs=fingerprint(),
        )

    planned = tuple(plan_cell(cell, known(cell), shop.ledger, present=present, force=force) for cell in cells)
    own = () if shop.settings.inputs is None else (Path(shop.settings.inputs),)
    inputs = Inputs(places=shop.places, progress=shop.progress, directories=own, cancellation=shop.cancellation)
    return Prepared(planned=planned, bases=bases, inputs=inputs)


def _bases(shop: Workshop) -> BaseResolver:
    def look_up(wanted: Wanted) -> Base:
        return from_registry(
            wanted,
            docker=shop.engine.docker,
            environment=shop.engine.environment,
            base_registry=shop.settings.base_registry,
        )

    return BaseResolver(
        policy=shop.settings.bases,
        look_up=look_up,
        bases=Bases(places=shop.places, progress=shop.progress, cancellation=shop.cancellation),
        progress=shop.progress,
    )


def run_cells(
    shop: Workshop, run: int, prepared: Prepared, board: Board, *, fail_fast: bool = False
) -> tuple[CellResult, ...]:
    """Work through the plan, native cells first; results come back in the order of the plan."""
    results: dict[str, CellResult] = {}
    with contextlib.closing(board):
        for planned in order(prepared.planned):
            board.begin(planned)
            result = work(shop, run, planned, _giver(prepared, planned.cell), on_step=_stepper(board, planned))
            results[planned.cell.id] = result
            board.end(result)
            if fail_fast and not result.ok:
                break
    return tuple(results[planned.cell.id] for planned in prepared.planned if planned.cell.id in results)


def _giver(prepared: Prepared, cell: Cell) -> Callable[[], Ingredients]:
    return lambda: Ingredients(
        base=prepared.bases.resolve(cell),
        source=prepared.inputs.source(cell.image.line),
        wheels=prepared.inputs.wheels(recipe_for(cell.image).wheels),
    )


def _stepper(board: Board, planned: PlannedCell) -> Callable[[str], None]:
    return lambda step: board.step(planned, step)


def exit_code(results: Sequence[CellResult]) -> ExitCode:
    """Say how a run went: the failures' own code where they all share one, else that some cells failed."""
    return summary(result.failure.code for result in results if result.failure is not None)
