"""`orchestrator bump`: bring a line to another patch release."""

from __future__ import annotations

import re
from pathlib import Path

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import UsageError


@click.command()
@click.argument("line", required=False)
@click.option("--version", help="The line, as in 'make bump VERSION=3.7'.", metavar="LINE")
@click.option("--to", "release", metavar="RELEASE", required=True, help="The release to go to: 3.7.3.")
@click.option("--sha256", metavar="HEX", required=True, help="The sha256 of its tarball, from the release page.")
@click.option("--dry-run", is_flag=True, help="Fetch and verify, show the diff, write nothing.")
@common
def command(told: Common, line: str | None, *, version: str | None, release: str, sha256: str, dry_run: bool) -> None:
    """Bring LINE to another patch release: fetch its tarball, verify it, write the matrix, render again, show the diff.

    Nothing is written unless the tarball has the checksum that was given. The release and its checksum are not looked up.

    Example: orchestrator bump 3.7 --to 3.7.3 --sha256 ...
    """
    from orchestrator.bump.bump import apply, propose, verify  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.inputs.provider import Inputs  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    word = line or version
    if word is None:
        raise UsageError("no line to bump", mend="name one: orchestrator bump 3.7 --to 3.7.3 --sha256 ...")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UsageError(f'"{sha256[:80]}" is not a sha256', mend="give 64 lower-case hex digits")
    bump = propose(told.matrix_path, word, release, sha256)
    own = load_settings(told.config_path).inputs
    verify(
        bump,
        Inputs(
            places=Places.from_environment(),
            progress=told.progress(),
            directories=() if own is None else (Path(own),),
        ),
    )
    diff = "\n".join(one.diff.rstrip("\n") for one in bump.rendered)
    if not dry_run:
        apply(bump)
    if told.json:
        emit_json(
            {
                "line": word,
                "from": bump.before.release,
                "to": bump.after.release,
                "written": [] if dry_run else [str(told.matrix_path), *(one.shown for one in bump.rendered)],
                "diff": diff,
            }
        )
    else:
        emit(diff)
        emit(f"{'would update' if dry_run else 'updated'} {word} from {bump.before.release} to {bump.after.release}")
