"""`orchestrator plan`: what would be done, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.matrix.model import Cell, Matrix


@click.command()
@selection
@common
def command(told: Common, selection: Any) -> int:
    """Show what would be built, proven and published, and why. Nothing is changed, and no engine is needed.

    What the ledger remembers is compared with what the files say now; a base or an emulator that may have moved since is only looked at
    when building.
    """
    matrix, cells = chosen_cells(told, selection)
    return show_plan(told, matrix, cells)


def show_plan(told: Common, matrix: Matrix, cells: Sequence[Cell]) -> int:
    """Plan from files and ledger alone, and show it."""
    from orchestrator.pipeline.foresight import foresee, publications  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.system.places import Places  # noqa: PLC0415

    places = Places.from_environment()
    planned = foresee(matrix, cells, places)
    images = {cell.image.id for cell in cells}
    whole = [cell for cell in matrix.cells if cell.image.id in images]
    publish = publications(matrix, planned if len(whole) == len(cells) else foresee(matrix, whole, places))
    if told.json:
        emit_json(
            {
                "cells": [
                    {
                        "id": one.cell.id,
                        "action": str(one.action),
                        "reason": one.reason,
                        "key": one.key.value,
                        "ingredients": dict(one.key.ingredients),
                    }
                    for one in planned
                ],
                "publish": publish,
            }
        )
        return 0
    width = max(len(one.cell.id) for one in planned)
    for one in planned:
        emit(f"{one.cell.id:{width}}  {one.action:7}  {one.reason}")
    counts = {action: sum(one.action is action for one in planned) for action in {one.action for one in planned}}
    emit(
        ", ".join(
            f"{count} to {action}" if action != "nothing" else f"{count} done"
            for action, count in sorted(counts.items())
        )
    )
    return 0
