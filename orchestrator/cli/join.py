"""`orchestrator join`: one ledger from those of several machines."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.errors import ExitCode


@click.command()
@click.argument("ledgers", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LEDGER...")
@common
def command(told: Common, ledgers: tuple[Path, ...]) -> int:
    """Take into this machine's ledger what those of other machines remember, log files included: the jobs of a CI matrix leave one each.

    A LEDGER is a ledger.sqlite or the directory that it is in. What is known already is passed over. Images do not come along: 'docker save' and
    'docker load' carry them.

    Example: orchestrator join states/*
    """
    from orchestrator.ledger.joining import join  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415
    from orchestrator.prove.fingerprint import fingerprint  # noqa: PLC0415
    from orchestrator.report.wording import count  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    places = Places.from_environment()
    with open_ledger(places.ledger) as ledger:
        joined = [join(ledger, path, places.logs, catalogue=fingerprint()) for path in ledgers]
    if told.json:
        emit_json({"joined": [{"path": str(one.path), "runs": one.runs, "attempts": one.attempts} for one in joined]})
    else:
        for one in joined:
            emit(f"{one.path}: {count(one.runs, 'run')}, {count(one.attempts, 'attempt')}")
    return int(ExitCode.DONE)
