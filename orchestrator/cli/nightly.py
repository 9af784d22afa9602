"""`orchestrator nightly`: everything that changed, from plan to published."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, accelerated, acceleration, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values

if TYPE_CHECKING:
    from orchestrator.pipeline.nightly import Night


@click.command()
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    shell_complete=values.jobs,
    help="Work on so many cells at once (default: what the builders bear).",
)
@click.option("--wait/--no-wait", default=True, help="Wait for another run to end (default), or exit with 4 at once.")
@click.option(
    "--allow-rebuild",
    is_flag=True,
    help="Also lead tags of a full release to another build (default: rebuilds in the config).",
)
@click.option("--sign", is_flag=True, help="Sign what is published with cosign (see signing in the config).")
@click.option("--prune/--no-prune", default=True, help="Remove what is old when something was built (default).")
@click.option(
    "--propose/--no-propose",
    default=None,
    help="Make a branch with the bump for each line that a new release is out of (default: propose in the config).",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write all reports there: JUnit, JSON, HTML, badges, Markdown.",
)
@acceleration
@selection
@common
def command(told: Common, selection: Any, *, report: Path | None, **options: Any) -> int:
    """Plan, build and prove what changed, publish what is whole, remove what is old; the exit code says how it went.

    Published is to the registry of the config; without one, images only stay in the engine. One image's failure holds back no other. It may
    run every hour: with nothing to do it only looks.

    Examples: orchestrator nightly --report reports; orchestrator nightly --version 3.7 --no-wait
    """
    from orchestrator.cli.report import tell_failures, write_reports  # noqa: PLC0415 - --help must not wait for any of these
    from orchestrator.config.settings import Rebuilds, load_settings  # noqa: PLC0415
    from orchestrator.pipeline.nightly import Wishes, run_nightly  # noqa: PLC0415
    from orchestrator.pipeline.workshop import Alone, open_workshop  # noqa: PLC0415
    from orchestrator.report.board import ConsoleBoard  # noqa: PLC0415

    matrix, cells = chosen_cells(told, selection)
    console = told.stderr()
    settings = accelerated(load_settings(told.config_path), options["acceleration"])
    wishes = Wishes(
        jobs=options["jobs"],
        rebuilds=Rebuilds.ALWAYS if options["allow_rebuild"] else None,
        sign=options["sign"],
        prune=options["prune"],
        propose=options["propose"],
    )
    alone = Alone(command="nightly", wait=options["wait"])
    with open_workshop(matrix, settings, told.progress(console), alone=alone) as shop:
        night = run_nightly(shop, cells, ConsoleBoard(console), wishes)
        if told.json:
            emit_json(_describe(night))
        else:
            _show(night)
            if not all(result.ok for result in night.results):
                tell_failures(shop.ledger, matrix, night.run, shop.places, told=told, cells=cells)
        if report is not None:
            write_reports(shop.ledger, matrix, night.run, shop.places, report, told=told, cells=cells)
    return int(night.code)


def _describe(night: Night) -> dict[str, Any]:
    from orchestrator.cli.publish import describe  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.outcome import nothing  # noqa: PLC0415
    from orchestrator.report.results import describe_results  # noqa: PLC0415

    published = describe(night.report if night.report is not None else nothing())
    return (
        describe_results(night.results)
        | published
        | {
            "run": night.run,
            "retries": night.retries,
            "releases": [{"line": one.line, "known": one.known, "release": one.release} for one in night.releases],
            "proposals": [asdict(one) for one in night.proposals],
            "freed": night.freed,
            "notes": [*published["notes"], *night.notes],
        }
    )


def _show(night: Night) -> None:
    from orchestrator.cli.publish import lines  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.disk.space import readable  # noqa: PLC0415
    from orchestrator.report.results import results_table  # noqa: PLC0415

    worked = [result for result in night.results if not result.done_before]
    if worked:
        emit(results_table(worked))
    done = len(night.results) - len(worked)
    if done:
        emit(
            f"{done} cells are proven as they are"
            if worked
            else f"nothing to build: {done} cells are proven as they are"
        )
    if night.report is not None:
        emit("\n".join(lines(night.report)))
    if night.freed:
        emit(f"freed up to {readable(night.freed)}")
    for release in night.releases:
        emit(str(release))
    for proposal in night.proposals:
        emit(str(proposal))
    for note in night.notes:
        emit(note)
