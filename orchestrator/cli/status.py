"""`orchestrator status`: what the ledger knows of each cell."""

from __future__ import annotations

from typing import Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection


@click.command()
@selection
@common
def command(told: Common, selection: Any) -> None:
    """Show the state of each chosen cell: proven, failed or never built, since when, and its digest."""
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.report.attempts import said_state  # noqa: PLC0415
    from orchestrator.system.files import is_locked  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    _, cells = chosen_cells(told, selection)
    places = Places.from_environment()
    with open_ledger(places.ledger, create=False) as ledger:
        newest, proven = ledger.newest(), ledger.newest(proven=True)
    latest = {cell.id: newest.get(cell.id) for cell in cells}
    live = is_locked(places.run_lock)
    if told.json:
        emit_json(
            [
                {
                    "id": name,
                    "state": str(one.state) if one else "never built",
                    "since": one.started if one else None,
                    "digest": one.digest if one else "",
                    "size": one.size if one else 0,
                    "failure": one.failure_class if one else "",
                    "proven": {"since": proven[name].started, "digest": proven[name].digest}
                    if name in proven
                    else None,
                }
                for name, one in latest.items()
            ]
        )
        return
    width = max(map(len, latest))
    for name, one in latest.items():
        before = proven.get(name)
        kept = f"; proven before: {before.started[:19]}  {before.digest[:19]}" if before and before != one else ""
        said = f"{said_state(one, live=live)}  {one.started[:19]}  {one.digest[:19]}".rstrip() if one else "never built"
        emit(f"{name:{width}}  {said}{kept}")
