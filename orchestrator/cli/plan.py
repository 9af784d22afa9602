"""`orchestrator plan`: what would be done, and why; and how long a farm would take for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, complete_ids, emit, emit_json, selection
from orchestrator.completion import values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.config.settings import Settings
    from orchestrator.matrix.model import Cell, Matrix
    from orchestrator.pipeline.foresight import Foresight


@click.command()
@click.option(
    "--why", metavar="CELL", help="Tell of one cell in full why, down to the changed line.", shell_complete=complete_ids
)
@click.option(
    "--simulate", is_flag=True, help="Lead the run on a virtual clock: how long it takes, how busy the nodes are."
)
@click.option(
    "--nodes",
    multiple=True,
    metavar="NODE",
    shell_complete=values.nodes,
    help="Simulate these: [COUNTx][ARCH[,ARCH]:]SLOTS[:EMULATED], such as 2xarm64v8:4.",
)
@click.option(
    "--durations", type=click.Path(path_type=Path), metavar="FILE", help="Simulate these seconds (JSON, by cell)."
)
@click.option(
    "--failure-rate",
    multiple=True,
    metavar="CLASS=SHARE",
    shell_complete=values.failure_rates,
    help="Simulate failures: network=0.1.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    shell_complete=values.jobs,
    help="Simulate so many cells at once, over all nodes.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    shell_complete=values.numbers(0, 1, 2),
    help="Simulate other random failures with another number.",
)
@click.option("--force", is_flag=True, help="Plan as 'build --force': everything is built.")
@selection
@common
def command(told: Common, selection: Any, *, why: str | None, simulate: bool, force: bool, **simulated: Any) -> int:
    """Show what would be built, proven and published, and why. Nothing is changed, and no engine is needed.

    What the ledger remembers is compared with what the files say now; a base or an emulator that may have moved since is only looked at
    when building.

    Examples: orchestrator plan --why 3.7-alpine3.8-arm64v8; orchestrator plan --simulate --force --nodes amd64:8 --nodes arm64v8:4
    """
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.errors import UsageError  # noqa: PLC0415

    settings = load_settings(told.config_path)
    given = [name for name in ("nodes", "durations", "failure_rate", "jobs", "seed") if simulated[name]]
    if why is not None:
        from orchestrator.select import Selection  # noqa: PLC0415

        more = [*given, *(["simulate"] if simulate else []), *(["force"] if force else [])]
        if more or selection != Selection():
            other = f"--{more[0].replace('_', '-')}" if more else "other cells"
            raise UsageError(f"--why tells of one cell alone: {other} cannot stand beside it", mend=f"plan --why {why}")
        return _show_why(told, why, settings)
    if given and not simulate:
        raise UsageError(f"--{given[0].replace('_', '-')} is for a simulation", mend="add --simulate")
    matrix, cells = chosen_cells(told, selection)
    return show_plan(told, matrix, cells, settings, simulated=simulated if simulate else None, force=force)


def show_plan(
    told: Common,
    matrix: Matrix,
    cells: Sequence[Cell],
    settings: Settings,
    *,
    simulated: Mapping[str, Any] | None = None,
    force: bool = False,
) -> int:
    """Plan from files and ledger alone, and show it."""
    from orchestrator.report.plans import describe_cell, plan_lines  # noqa: PLC0415 - --help must not wait for it

    foresight = foreseen(matrix, cells, settings, force=force)
    document: dict[str, Any] = {
        "cells": [describe_cell(one) for one in foresight.planned],
        "publish": list(foresight.publications),
    }
    lines = plan_lines(foresight.planned)
    if simulated is not None:
        found, more = _simulate(matrix, foresight, settings, simulated)
        document["simulation"] = found
        lines += ["", *more]
    if told.json:
        emit_json(document)
    else:
        emit("\n".join(lines))
    return 0


def foreseen(matrix: Matrix, cells: Sequence[Cell], settings: Settings, *, force: bool = False) -> Foresight:
    """Plan from files and ledger alone, publishing to the registry of the settings included."""
    from orchestrator.pipeline.foresight import foresee  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.publish.names import Names  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    names = None
    if settings.registry is not None:
        names = Names(registry=settings.registry, namespace=settings.namespace, repository=matrix.name)
    return foresee(matrix, cells, Places.from_environment(), names=names, force=force)


def _show_why(told: Common, word: str, settings: Settings) -> int:
    from orchestrator.errors import UsageError  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415
    from orchestrator.report.plans import describe_why, why_lines  # noqa: PLC0415
    from orchestrator.select import Selection  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    matrix, cells = chosen_cells(told, Selection(ids=(word,)))
    foresight = foreseen(matrix, cells, settings)
    with open_ledger(Places.from_environment().ledger, create=False) as ledger:
        old = {
            one.cell.id: ledger.dockerfile(one.before.ingredients.get("dockerfile", ""))
            if one.before is not None
            else None
            for one in foresight.planned
        }
    if told.json:
        if len(foresight.planned) != 1:
            names = ", ".join(one.cell.id for one in foresight.planned)
            raise UsageError(f'"{word}" names several cells', mend=f"name one of {names}")
        (one,) = foresight.planned
        emit_json(describe_why(one, old[one.cell.id]))
    else:
        emit("\n\n".join("\n".join(why_lines(one, old[one.cell.id])) for one in foresight.planned))
    return 0


def _simulate(
    matrix: Matrix, foresight: Foresight, settings: Settings, simulated: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    from orchestrator.pipeline.simulating import simulate_plan  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.report.plans import describe_simulation, simulation_lines  # noqa: PLC0415

    result, nodes, guessed = simulate_plan(
        matrix,
        foresight,
        settings,
        nodes=simulated["nodes"],
        durations=simulated["durations"],
        rates=simulated["failure_rate"],
        jobs=simulated["jobs"],
        seed=simulated["seed"],
    )
    return describe_simulation(result, nodes, guessed), simulation_lines(result, nodes, guessed)
