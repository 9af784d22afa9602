"""Cells as JSON: the contract of `list --json`."""

from __future__ import annotations

from typing import Any

from orchestrator.matrix.model import Cell


def describe_cell(cell: Cell) -> dict[str, Any]:
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
