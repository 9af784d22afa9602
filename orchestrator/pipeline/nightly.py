"""A night: what changed is built and proven, what is whole and was built anew is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import ExitCode
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.board import Board
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.preparing import prepare
from orchestrator.pipeline.publishing import publish_cells
from orchestrator.pipeline.run import RunStopped, exit_code, retries_of, run_cells
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
    retries: int = 0


def run_nightly(shop: Workshop, cells: Sequence[Cell], board: Board, *, jobs: int | None = None) -> Night:
    """Work through all cells, then publish to the registry of the settings, if there is one."""
    prepared = prepare(shop, cells)
    with shop.ledger.run("nightly") as run:
        try:
            results = run_cells(shop, run.number, prepared, board, jobs=jobs)
        except RunStopped as stopped:
            return Night(results=stopped.results, published=(), held_back={}, code=ExitCode.INTERRUPTED)
        run.code = exit_code(results)
        if shop.settings.registry is None:
            shop.progress.note("nothing is published: there is no registry: in the config")
            retries = retries_of(prepared, results)
            return Night(results=results, published=(), held_back={}, code=run.code, retries=retries)
        names = Names(registry=shop.settings.registry, namespace=shop.settings.namespace, repository=shop.matrix.name)
        report = publish_cells(shop, cells, names)
        if run.code is ExitCode.DONE:
            run.code = report.code
        return Night(
            results=results,
            published=report.published,
            held_back=report.held_back,
            code=run.code,
            retries=retries_of(prepared, results) + report.retries,
        )
