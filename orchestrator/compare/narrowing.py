"""What a comparison says of some cells only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from orchestrator.compare.model import TAGS, Change, Comparison, Scope, Topic
from orchestrator.errors import UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.select import Selection, select_cells


def narrow(comparison: Comparison, cells: Collection[str]) -> Comparison:
    """Leave what concerns these cells (ids of either side): their images, lines, suites and tags, and what concerns all, the matrix itself."""
    kept = tuple(cell for cell in comparison.cells if cell.id in cells)
    images = {cell.image for cell in kept}
    spots = tuple(spot for spot in comparison.images if spot.id in images)
    lines = {spot.line for spot in spots}
    places = {
        Scope.IMAGE: images,
        Scope.LINE: lines,
        Scope.SUITE: {spot.suite for spot in spots},
    }
    architectures = {cell.architecture for cell in kept}

    def narrowed(change: Change) -> Change | None:
        if change.topic in {Topic.LINE, Topic.SUITE, Topic.IMAGE}:
            return change if change.subject in places[Scope(change.topic.value)] else None
        if change.topic in TAGS:
            return change if {change.before, change.after} & images else None
        if change.topic in {Topic.CELL, Topic.ARCHITECTURE, Topic.SUITE_ARCHITECTURE} and (
            change.subject not in architectures
        ):
            return None
        if change.topic.scope is Scope.MATRIX:
            return change
        where = tuple(name for name in change.where if name in places[change.topic.scope])
        return replace(change, where=where) if where else None

    return replace(
        comparison,
        changes=tuple(found for change in comparison.changes if (found := narrowed(change)) is not None),
        cells=kept,
        images=spots,
        lines=tuple(line for line in comparison.lines if line in lines),
    )


def cells_of(matrices: Sequence[Matrix], selection: Selection) -> frozenset[str]:
    """Choose cells out of several matrices: a word has to name something in one of them, and means nothing in those that lack it.

    Raises `UsageError` for a word that names nothing in any, or where nothing is chosen.
    """
    for part in _words(selection):
        _anywhere(matrices, part)
    chosen = set[str]()
    for matrix in matrices:
        known = _known(matrix, selection)
        if known is not None and _chooses(matrix, known):
            chosen |= {cell.id for cell in select_cells(matrix, known)}
    if not chosen:
        raise UsageError("nothing on either side matches all of that together", mend="give fewer options")
    return frozenset(chosen)


_DIMENSIONS: Sequence[tuple[Callable[[Selection], tuple[str, ...]], Callable[[tuple[str, ...]], Selection]]] = (
    (lambda one: one.ids, lambda words: Selection(ids=words)),
    (lambda one: one.versions, lambda words: Selection(versions=words)),
    (lambda one: one.variants, lambda words: Selection(variants=words)),
    (lambda one: one.architectures, lambda words: Selection(architectures=words)),
)


def _words(selection: Selection) -> Sequence[Selection]:
    return [make((word,)) for read, make in _DIMENSIONS for word in read(selection)]


def _anywhere(matrices: Sequence[Matrix], part: Selection) -> None:
    """Raise what the last matrix says of a word that none of them knows."""
    if not any(_chooses(matrix, part) for matrix in matrices[:-1]):
        select_cells(matrices[-1], part)


def _known(matrix: Matrix, selection: Selection) -> Selection | None:
    """Leave out the words that name nothing in this matrix; None where that leaves a dimension without any."""
    kept: list[tuple[str, ...]] = []
    for read, make in _DIMENSIONS:
        words = read(selection)
        known = tuple(word for word in words if _chooses(matrix, make((word,))))
        if words and not known:
            return None
        kept.append(known)
    ids, versions, variants, architectures = kept
    return Selection(ids=ids, versions=versions, variants=variants, architectures=architectures)


def _chooses(matrix: Matrix, selection: Selection) -> bool:
    try:
        select_cells(matrix, selection)
    except UsageError:
        return False
    return True
