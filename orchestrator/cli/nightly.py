"""`orchestrator nightly`: everything that changed, from plan to published."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection


@click.command()
@click.option(
    "--jobs", type=click.IntRange(1, 1024), help="Work on so many cells at once (default: what the builders bear)."
)
@click.option("--wait/--no-wait", default=True, help="Wait for another run to end (default), or exit with 4 at once.")
@selection
@common
def command(told: Common, selection: Any, *, jobs: int | None, wait: bool) -> int:
    """Plan, build and prove what changed, publish what is whole; the exit code says how it went.

    Published is to the registry of the config; without one, images only stay in the engine. One image's failure holds back no other.
    """
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.nightly import run_nightly  # noqa: PLC0415
    from orchestrator.pipeline.workshop import Alone, open_workshop  # noqa: PLC0415
    from orchestrator.report.board import ConsoleBoard  # noqa: PLC0415
    from orchestrator.report.results import describe_results, results_table  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    console, settings = told.stderr(), load_settings(told.config_path)
    with open_workshop(matrix, settings, told.progress(console), alone=Alone(command="nightly", wait=wait)) as shop:
        night = run_nightly(shop, cells, ConsoleBoard(console), jobs=jobs)
    if told.json:
        emit_json(
            describe_results(night.results)
            | {
                "published": [{"reference": one.reference, "digest": one.digest} for one in night.published],
                "held_back": dict(night.held_back),
                "retries": night.retries,
            }
        )
    else:
        emit(results_table(night.results))
        for image, reason in night.held_back.items():
            emit(f"{image}: not published: {reason}")
        again = f"; {night.retries} times something was tried again" if night.retries else ""
        emit(f"{len(night.published)} references published{again}")
    return int(night.code)
