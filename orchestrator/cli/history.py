"""`orchestrator history`: past attempts, newest first."""

from __future__ import annotations

import click

from orchestrator.cli.options import Common, common, complete_ids, emit, emit_json
from orchestrator.completion import values


@click.command()
@click.argument("cell", required=False, shell_complete=complete_ids)
@click.option(
    "--limit",
    type=click.IntRange(1, 10000),
    default=20,
    show_default=True,
    metavar="N",
    shell_complete=values.numbers(20, 50, 200),
    help="How many attempts.",
)
@click.option(
    "--run",
    type=click.IntRange(1, 10**9),
    metavar="RUN",
    shell_complete=values.runs,
    help="Only those of this run (see report --list).",
)
@common
def command(told: Common, cell: str | None, *, limit: int, run: int | None) -> None:
    """Show past attempts at one CELL or at all, with what became of them.

    What a run as a whole came to, and since when a cell fails, is told by 'orchestrator report'. With --json, a list of attempts,
    each with its phases.

    Examples: orchestrator history 3.7-alpine3.8-arm64v8; orchestrator history --run 42 --json
    """
    from orchestrator.cli.options import chosen_cells  # noqa: PLC0415
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.report.attempts import said_state  # noqa: PLC0415
    from orchestrator.report.run.gathering import find_run  # noqa: PLC0415
    from orchestrator.select import Selection  # noqa: PLC0415
    from orchestrator.system.files import is_locked  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    places = Places.from_environment()
    with open_ledger(places.ledger, create=False) as ledger:
        if run is not None:
            # Refuses a number that no run has.
            find_run(ledger, run, ())
        attempts = ledger.attempts(cell, limit=limit, run=run)
        if cell is not None and not attempts:
            # Perhaps an image's id, or a word that means nothing: the matrix knows.
            _, cells = chosen_cells(told, Selection(ids=(cell,)))
            found = [one for chosen in cells for one in ledger.attempts(chosen.id, limit=limit, run=run)]
            attempts = tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])
    if told.json:
        emit_json(
            [
                {
                    "attempt": one.id,
                    "run": one.run,
                    "id": one.cell,
                    "state": str(one.state),
                    "key": one.key,
                    "executed": one.executed,
                    "node": one.node,
                    "try": one.tries,
                    "setting": one.setting,
                    "started": one.started,
                    "seconds": one.seconds,
                    "digest": one.digest,
                    "size": one.size,
                    "failure": one.failure_class,
                    "message": one.message,
                    "log": one.log,
                    "phases": {phase.name: phase.seconds for phase in one.phases},
                }
                for one in attempts
            ]
        )
        return
    live = is_locked(places.run_lock)
    if not attempts:
        emit("no attempts yet" if run is None else f"run {run} made no attempts")
    for one in attempts:
        detail = f"{one.failure_class}: {one.message}" if one.failure_class else one.digest[:19]
        if one.tries > 1:
            detail = f"try {one.tries}{f' with {one.setting}' if one.setting else ''}: {detail}"
        emit(
            f"{one.started[:19]}  {one.cell}  {said_state(one, live=live)}  {one.executed}  {one.seconds:.0f} s  {detail}"
        )
