"""`orchestrator render`: Dockerfiles from templates."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.errors import ExitCode


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; print a diff and exit 3 where a committed file is stale.")
@click.option("--dry-run", is_flag=True, help="Write nothing; print what would change.")
@selection
@common
def command(told: Common, selection: Any, *, check: bool, dry_run: bool) -> int:
    """Write the Dockerfiles of the chosen images, each at its place beside the matrix.

    Examples: orchestrator render; orchestrator render --check; orchestrator render --version 3.7 --dry-run
    """
    from orchestrator.render.tree import orphans, render_images, write  # noqa: PLC0415 - --help must not wait for it

    matrix, cells = chosen_cells(told, selection)
    images = tuple({cell.image.id: cell.image for cell in cells}.values())
    rendered = render_images(matrix, images)
    left = orphans(matrix)
    stale = tuple(one for one in rendered if one.committed != one.text) if check or dry_run else write(rendered)
    shown_orphans = [str(path.relative_to(matrix.root)) for path in left]
    if told.json:
        emit_json(
            {
                "rendered": [one.shown for one in rendered],
                "stale" if check or dry_run else "written": [one.shown for one in stale],
                "orphans": shown_orphans,
            }
        )
    else:
        for one in stale:
            emit(one.diff.rstrip("\n") if check or dry_run else f"wrote {one.shown}")
        if not check and not dry_run:
            emit(f"{len(rendered)} Dockerfiles, {len(stale)} of them changed")
    for name in shown_orphans:
        click.echo(f"orchestrator: {name} belongs to no image of the matrix any more; remove it", err=True)
    if check and (stale or left):
        click.echo(
            f"orchestrator: {len(stale)} of {len(rendered)} Dockerfiles are stale\n  mend: run 'orchestrator render', "
            "and commit what it writes",
            err=True,
        )
        return int(ExitCode.INVALID)
    return int(ExitCode.DONE)
