"""What should be in a registry, by the matrix, the journal of publishing and the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.ledger.journal import Journal
from orchestrator.ledger.ledger import Ledger
from orchestrator.matrix.model import Image, Matrix
from orchestrator.publish.candidates import candidates
from orchestrator.publish.model import Held
from orchestrator.publish.names import Names
from orchestrator.publish.wanted import references
from orchestrator.reconcile.model import Declared, Expected


def place_of(names: Names) -> str:
    """Name the place of the indexes as the journal does."""
    return names.place


def expect(matrix: Matrix, images: Sequence[Image], names: Names, ledger: Ledger) -> tuple[Expected, ...]:
    """Say what should be there of each image, whole: all of its architectures, and its indexes."""
    journal, place = Journal(ledger), place_of(names)
    current, taken_back = journal.current(place), journal.rolled_back(place)
    begun = {one.image: one for one in journal.unfinished(place)}
    chosen = candidates(matrix, images, ledger)
    found = []
    for image in images:
        cells = tuple(cell for cell in matrix.cells if cell.image.id == image.id)
        published, candidate = current.get(image.id), chosen[image.id]
        had = {member.cell for member in published.members} if published is not None else set()
        if not isinstance(candidate, Held):
            had |= {cell.id for cell, _ in candidate.proven}
        found.append(
            Expected(
                image=image,
                cells=cells,
                declared=tuple(
                    Declared(reference=reference, cell=cell, release=release)
                    for reference, cell, release in references(names, image, cells)
                ),
                candidate=candidate,
                published=published,
                begun=begun.get(image.id),
                taken_back=taken_back.get(image.id, ()),
                # What was published once, or could be, is missed, however little it is required.
                optional=frozenset(
                    cell.id for cell in cells if cell.architecture.name in matrix.best_effort and cell.id not in had
                ),
            )
        )
    return tuple(found)
