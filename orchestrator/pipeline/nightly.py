"""A night: what changed is built and proven, what is whole and was built anew is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.publishing import publish_cells
from orchestrator.pipeline.run import Board, exit_code, prepare, run_cells
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.names import Names
from orchestrator.publish.publish import Published


@dataclass(frozen=True, kw_only=True)
class Night:
    """How a night went."""

    results: tuple[CellResult, ...]
    published: tuple[Published, ...]
    held_back: Mapping[str, str]
    code: ExitCode


def run_nightly(shop: Workshop, cells: Sequence[Cell], board: Board) -> Night:
    """Work through all cells, then publish to the registry of the settings, if there is one."""
    prepared = prepare(shop, cells)
    run = shop.ledger.start_run("nightly")
    code = ExitCode.INTERRUPTED
    try:
        results = run_cells(shop, run, prepared, board)
        code = exit_code(results)
        if shop.settings.registry is None:
            shop.progress.note("nothing is published: there is no registry: in the config")
            return Night(results=results, published=(), held_back={}, code=code)
        names = Names(registry=shop.settings.registry, namespace=shop.settings.namespace, repository=shop.matrix.name)
        report = publish_cells(shop, cells, names)
        if code is ExitCode.DONE:
            code = report.code
        return Night(results=results, published=report.published, held_back=report.held_back, code=code)
    except OrchestratorError as error:
        code = error.code
        raise
    finally:
        shop.ledger.end_run(run, int(code))
