"""Indexes that do not have what they should: a platform, the image that its own tag leads to, or a member that is still there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.matrix.model import Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.publish.index import members_of
from orchestrator.reconcile.model import Declared, Expected, Finding, Kind, Seen
from orchestrator.reconcile.words import Words


def partial(one: Expected, seen: Seen, words: Words, misled: Collection[str]) -> Iterator[Finding]:
    """Look into every index of an image. Differences that `misled` references (drifted or missing ones) explain are not told once more."""
    own = {(found.cell, found.tag): found.reference for found in one.declared if found.cell is not None}
    for declared in one.declared:
        digest = seen.heads[declared.reference]
        if declared.cell is not None or digest is None:
            continue
        index = seen.indexes.get(digest)
        if index is None:
            yield _finding(one, declared, words, digest, reason="it is no index, but a single image")
            continue
        members = {normalise(platform): member for platform, member in members_of(index).items()}
        for cell in one.cells:
            member = members.get(normalise(str(cell.architecture.platform)))
            reference = own[cell.id, declared.tag]
            if member is None:
                if cell.id not in one.optional:
                    reason = f"it has nothing for {cell.architecture.platform}"
                    yield _finding(one, declared, words, None, cell=cell, reason=reason)
            elif not seen.there.get(member, True):
                reason = f"its image for {cell.architecture.platform} is gone from the registry"
                yield _finding(one, declared, words, None, cell=cell, expected=member, reason=reason)
            elif not {reference, declared.reference} & set(misled) and seen.heads[reference] not in {None, member}:
                reason = f"its image for {cell.architecture.platform} is not the one that {reference} leads to"
                yield _finding(one, declared, words, member, cell=cell, expected=seen.heads[reference], reason=reason)


def _finding(
    one: Expected,
    declared: Declared,
    words: Words,
    seen: str | None,
    *,
    reason: str,
    cell: Cell | None = None,
    expected: str | None = None,
) -> Finding:
    id_ = cell.id if cell is not None else ""
    wanted = {member.cell: member.digest for member in one.published.members} if one.published is not None else {}
    return Finding(
        kind=Kind.PARTIAL,
        image=one.image.id,
        cell=id_,
        reference=declared.reference,
        expected=expected or wanted.get(id_),
        seen=seen,
        reason=reason,
        mend=words.fix(one.image.id),
    )
