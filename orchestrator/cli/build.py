"""`orchestrator build`: build, tag and prove cells."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.options import Common, accelerated, acceleration, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values
from orchestrator.errors import ExitCode


@click.command()
@click.option("--force", is_flag=True, help="Build even what is proven with the same key.")
@click.option(
    "--keep-going/--fail-fast",
    default=True,
    help="After a failure the other cells go on (default), or nothing new is begun.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    shell_complete=values.jobs,
    help="Work on so many cells at once (default: what the builders bear).",
)
@click.option("--wait/--no-wait", default=True, help="Wait for another run to end (default), or exit with 4 at once.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@acceleration
@selection
@common
def command(
    told: Common,
    selection: Any,
    *,
    force: bool,
    keep_going: bool,
    jobs: int | None,
    wait: bool,
    dry_run: bool,
    acceleration: str | None,
) -> int:
    """Build the chosen cells, prove each on its own architecture, and tag what is proven.

    Uses the Docker Engine that is reachable; without one, on Linux as root, a private one that is stopped again at the end. Builders of the
    config share the work.

    Ctrl-C begins nothing new and ends what runs cleanly; a second one ends it at once. The same command again goes on where it was.

    Examples: orchestrator build 3.7-alpine3.8; orchestrator build --version 3.7 --variant slim --arch arm64v8
    """
    from orchestrator.cli.report import tell_failures  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.preparing import prepare  # noqa: PLC0415
    from orchestrator.pipeline.run import RunStopped, exit_code, retries_of, run_cells  # noqa: PLC0415
    from orchestrator.pipeline.workshop import Alone, open_workshop  # noqa: PLC0415
    from orchestrator.report.board import ConsoleBoard  # noqa: PLC0415
    from orchestrator.report.results import describe_results, results_table  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    settings = accelerated(load_settings(told.config_path), acceleration)
    if dry_run:
        from orchestrator.cli.plan import show_plan  # noqa: PLC0415

        return show_plan(told, matrix, cells, settings, force=force)
    console = told.stderr()
    with open_workshop(matrix, settings, told.progress(console), alone=Alone(command="build", wait=wait)) as shop:
        prepared = prepare(shop, cells, force=force)
        with shop.ledger.run("build") as run:
            try:
                results = run_cells(
                    shop, run.number, prepared, ConsoleBoard(console), fail_fast=not keep_going, jobs=jobs
                )
                run.code = exit_code(results)
            except RunStopped as stopped:
                # What was reached is a result, too; the code of the run stays that of an interruption.
                results = stopped.results
        if told.json:
            emit_json(describe_results(results) | {"retries": retries_of(prepared, results)})
        else:
            emit(results_table(results))
            if not all(result.ok for result in results):
                tell_failures(shop.ledger, matrix, run.number, shop.places, told=told, cells=cells)
            if run.code is ExitCode.INTERRUPTED:
                console.print("stopped; the same command again goes on from here", markup=False)
            if shop.engine.embedded and any(result.ok for result in results):
                console.print(
                    "The images are in the embedded engine. To use them: orchestrator engine start; "
                    'eval "$(orchestrator engine env)"; docker images',
                    markup=False,
                )
    return int(run.code)
