"""`orchestrator list`: the cells of the matrix, with their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection

if TYPE_CHECKING:
    from orchestrator.matrix.model import Cell


@click.command("list")
@selection
@common
def command(told: Common, selection: Any) -> None:
    """Show the cells of the matrix, in published order, with their tags.

    Examples: orchestrator list; orchestrator list --version 3.7 --arch arm64v8; orchestrator list 3.7-slim-stretch --json
    """
    _, cells = chosen_cells(told, selection)
    if told.json:
        emit_json([describe(cell) for cell in cells])
        return
    width = max(len(cell.id) for cell in cells)
    platforms = max(len(str(cell.architecture.platform)) for cell in cells)
    for cell in cells:
        tags = " ".join((*cell.image.shared_tags, *cell.image.tags))
        emit(f"{cell.id:{width}}  {cell.image.line.release:7}  {cell.architecture.platform!s:{platforms}}  {tags}")


def describe(cell: Cell) -> dict[str, Any]:
    """Give the public JSON form of a cell."""
    image = cell.image
    return {
        "id": cell.id,
        "line": image.line.name,
        "release": image.line.release,
        "variant": image.variant.name,
        "arch": cell.architecture.name,
        "platform": str(cell.architecture.platform),
        "directory": image.directory,
        "from": image.variant.base,
        "tags": list(image.tags),
        "shared_tags": list(image.shared_tags),
    }
