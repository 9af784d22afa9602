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
    from orchestrator.system.places import Places  # noqa: PLC0415

    _, cells = chosen_cells(told, selection)
    with open_ledger(Places.from_environment().ledger, create=False) as ledger:
        latest = {cell.id: ledger.latest(cell.id) for cell in cells}
    if told.json:
        emit_json(
            [
                {
                    "id": name,
                    "state": str(one.state) if one else "never built",
                    "since": one.started if one else None,
                    "digest": one.digest if one else "",
                    "size": one.size if one else 0,
                }
                for name, one in latest.items()
            ]
        )
        return
    width = max(map(len, latest))
    for name, one in latest.items():
        emit(f"{name:{width}}  {f'{one.state}  {one.started[:19]}  {one.digest[:19]}' if one else 'never built'}")
