"""The second stage: which cells of a matrix a command is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NoReturn

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Cell, Flavor, Image, Matrix
from orchestrator.system.strict import did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What was asked for: globs per dimension, and ids of cells or images. All empty means everything."""

    versions: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


def select_cells(matrix: Matrix, selection: Selection) -> tuple[Cell, ...]:
    """Choose cells, in published order. Raises `UsageError` for a word that names nothing, with the nearest one that does."""
    chosen = set[str]()
    cells = matrix.cells
    if selection.ids:
        for word in selection.ids:
            found = [cell.id for cell in cells if _names_cell(matrix, cell, word)]
            if not found:
                _refuse("cell or image", word, _all_ids(matrix))
            chosen.update(found)
    else:
        chosen.update(cell.id for cell in cells)
    tests: tuple[tuple[str, Sequence[str], Callable[[Cell], Iterable[str]]], ...] = (
        ("version", selection.versions, lambda cell: (cell.image.line.name, cell.image.line.release)),
        ("variant", selection.variants, lambda cell: variant_words(matrix, cell.image)),
        (
            "architecture",
            selection.architectures,
            lambda cell: (cell.architecture.name, str(cell.architecture.platform)),
        ),
    )
    for what, words, names in tests:
        for word in words:
            if not any(_matches(name, word) for cell in cells for name in names(cell)):
                _refuse(what, word, dict.fromkeys(next(iter(names(cell))) for cell in cells))
        if words:
            chosen &= {cell.id for cell in cells if any(_matches(name, word) for name in names(cell) for word in words)}
    if not chosen:
        raise UsageError(
            "nothing in the matrix matches all of that together",
            mend="run 'orchestrator list' with fewer options to see what there is",
        )
    return tuple(cell for cell in cells if cell.id in chosen)


def select_image(matrix: Matrix, word: str) -> Image:
    """Choose exactly one image by id (`3.5-alpine3.8`) or directory (`3.5/alpine3.8`)."""
    found = next((image for image in matrix.images if word in image_words(matrix, image)), None)
    if found is None:
        _refuse("image", word, [image.id for image in matrix.images])
    return found


def image_words(matrix: Matrix, image: Image) -> tuple[str, ...]:
    """Every spelling of an image: by id and by directory, for each name of its variant."""
    line = image.line.name
    return tuple(f"{line}{separator}{name}" for name in variant_words(matrix, image) for separator in "-/")


def variant_words(matrix: Matrix, image: Image) -> tuple[str, ...]:
    """Every spelling of a variant: its name, its directory, and the short form of a default."""
    variant = image.variant
    words = [variant.name, variant.directory]
    if variant.flavor is Flavor.SLIM and variant.suite.name == matrix.default_suite:
        words.append("slim")
    if variant.flavor is Flavor.ALPINE and variant.suite.name == matrix.default_alpine:
        words.append("alpine")
    return tuple(words)


def _names_cell(matrix: Matrix, cell: Cell, word: str) -> bool:
    image_names = image_words(matrix, cell.image)
    names = (cell.id, *image_names, *(f"{name}-{cell.architecture.name}" for name in image_names))
    return any(_matches(name, word) for name in names)


def _matches(name: str, word: str) -> bool:
    return name == word or fnmatchcase(name, word)


def _all_ids(matrix: Matrix) -> list[str]:
    return [cell.id for cell in matrix.cells] + [image.id for image in matrix.images]


def _refuse(what: str, word: str, allowed: Iterable[str]) -> NoReturn:
    names = list(allowed)
    hint = did_you_mean(word, names) if word else f"use one of: {', '.join(names)}"
    if len(hint) > 300:
        hint = "run 'orchestrator list' to see them all"
    raise UsageError(f'there is no {what} "{word}" in the matrix', mend=hint)
