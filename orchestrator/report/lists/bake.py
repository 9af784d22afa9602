"""A bake file: the cells as targets of `docker buildx bake`, for those who want plain buildx.

Source: https://docs.docker.com/build/bake/reference/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.publish.names import Names, local_references


def bake_file(matrix: Matrix, cells: Sequence[Cell], names: Names | None) -> dict[str, Any]:
    """Give a bake file: a target per cell, a group per line, image and architecture, and `default` for all of them.

    Tags are those of a registry with `names`, else those that `orchestrator build` gives. The group `index` has a target per image that builds
    it for every architecture that is enabled for it, whichever were chosen: an index that lacks one would take it from those who pull it.

    Contexts are relative to the directory that the command ran in, as the path of the matrix is. Without cells `default`
    and `index` are empty: bake then does nothing.
    """
    if not cells:
        return {"group": {"default": {"targets": []}, "index": {"targets": []}}}  # an empty `target` is no bake file
    images = {cell.image.id: cell.image for cell in cells}
    whole = {name: [cell for cell in matrix.cells if cell.image.id == name] for name in images}
    groups: dict[str, list[str]] = {"default": [], "index": []}
    for cell in cells:
        for group in ("default", cell.image.line.name, cell.image.id, cell.architecture.name):
            groups.setdefault(target_name(group), []).append(target_name(cell.id))
    groups["index"] = [index_name(image) for image in images.values()]
    targets = {
        target_name(cell.id): _target(matrix, cell.id, [cell], _cell_tags(matrix, cell, names)) for cell in cells
    }
    for name, image in images.items():
        targets[index_name(image)] = _target(matrix, name, whole[name], _index_tags(matrix, image, names))
    return {"group": {name: {"targets": found} for name, found in groups.items()}, "target": targets}


def target_name(word: str) -> str:
    """Write a line, an image's or a cell's id as bake takes names: it knows no dot, and ids have no underscore (`3_7-alpine3_8-amd64`)."""
    return word.replace(".", "_")


def index_name(image: Image) -> str:
    """Name the target that builds an image for all architectures at once: `3_7-alpine3_8-index`."""
    return f"{target_name(image.id)}-index"


def _target(matrix: Matrix, what: str, cells: Sequence[Cell], tags: Sequence[str]) -> dict[str, Any]:
    return {
        "description": what,  # with its dots; shown by `bake --list`, older ones pass over it
        "context": _literal(PurePath(matrix.root / cells[0].image.directory).as_posix()),
        "dockerfile": "Dockerfile",
        "platforms": [str(cell.architecture.platform) for cell in cells],
        "tags": list(tags),
    }


def _cell_tags(matrix: Matrix, cell: Cell, names: Names | None) -> Sequence[str]:
    if names is None:
        return local_references(matrix, cell)
    return [names.of_cell(cell, tag) for tag in (*cell.image.tags, *cell.image.shared_tags)]


def _index_tags(matrix: Matrix, image: Image, names: Names | None) -> Sequence[str]:
    tags = (*image.tags, *image.shared_tags)
    return [f"{matrix.name}:{tag}" if names is None else names.of_index(tag) for tag in tags]


def _literal(path: str) -> str:
    """Keep bake from filling in what only looks like a variable."""
    return path.replace("${", "$${").replace("%{", "%%{")
