"""What is published, looked at by what is known of it: not proven, built on a base that has moved, or without a signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.ledger.records import Attempt, Examination, State
from orchestrator.matrix.model import Cell
from orchestrator.plan.plan import REFUSED
from orchestrator.publish.model import Member
from orchestrator.reconcile.looking import by_digest
from orchestrator.reconcile.model import Expected, Finding, Kind, Seen
from orchestrator.reconcile.words import Words


@dataclass(frozen=True, kw_only=True, slots=True)
class There:
    """An image that tags of a cell lead to: one of them, the digest, the attempt that made it (None: nobody here did), and its place in a set."""

    cell: Cell
    reference: str
    digest: str
    attempt: Attempt | None
    member: Member | None

    @property
    def base(self) -> str:
        """The digest of the base that it was built from; empty where that is not known."""
        if self.member is not None and self.member.base[1]:
            return self.member.base[1]
        return self.attempt.ingredients.get("base", "") if self.attempt is not None else ""


def images_there(one: Expected, seen: Seen) -> Iterator[There]:
    """List the images that the tags of an image's cells lead to, each once."""
    sets = (found for found in (one.begun, one.published) if found is not None)
    members = {(member.cell, member.digest): member for found in sets for member in found.members}
    cells = {cell.id: cell for cell in one.cells}
    told = set()
    for declared in one.declared:
        digest = seen.heads[declared.reference]
        if declared.cell is None or digest is None or (declared.cell, digest) in told:
            continue
        told.add((declared.cell, digest))
        yield There(
            cell=cells[declared.cell],
            reference=declared.reference,
            digest=digest,
            attempt=seen.behind.get((declared.cell, digest)),
            member=members.get((declared.cell, digest)),
        )


def unproven(
    one: Expected,
    seen: Seen,
    words: Words,
    *,
    latest: Mapping[str, Attempt],
    examined: Mapping[str, Sequence[Examination]],
) -> Iterator[Finding]:
    """Find images that nobody here has proven, or that a later proof refused.

    `latest` are the newest attempts by cell, `examined` the examinations of images that were there, newest first. What was led elsewhere and is
    not known is told as drifted.
    """
    for there in images_there(one, seen):
        attempt, cell = there.attempt, there.cell.id
        if attempt is None:
            if there.member is not None or there.reference in one.digests or cell in one.newer:
                continue
            reason, mend = "nobody here has proven this image", words.build(one.image.id)
        else:
            why = _refused(attempt, latest.get(cell), examined.get(cell, ()))
            if not why:
                continue
            undo = f"; or {words.roll_back(one.published.run)}" if there.member is not None and one.published else ""
            reason, mend = why, f"{words.build(one.image.id)}{undo}"
        yield Finding(
            kind=Kind.UNPROVEN,
            image=one.image.id,
            cell=cell,
            reference=there.reference,
            seen=there.digest,
            reason=reason,
            mend=mend,
        )


def _refused(attempt: Attempt, latest: Attempt | None, examinations: Sequence[Examination]) -> str:
    if attempt.state is not State.PROVEN:
        return f"its attempt {attempt.id} is not proven: {attempt.failure_class or attempt.state} {attempt.message}".strip()
    if latest is not None and latest.id > attempt.id and latest.key == attempt.key and latest.failure_class in REFUSED:
        return f"a later attempt at just this failed: {latest.failure_class}: {latest.message}"
    last = next((one for one in examinations if one.digest == attempt.digest), None)
    failed = next((proof for proof in last.proofs if proof.verdict == "failed"), None) if last is not None else None
    if last is not None and failed is not None:
        return f"it was examined again on {last.ended[:10]} and refused: {failed.name}: {failed.detail}"
    return ""


def stale(one: Expected, seen: Seen, words: Words, bases: Mapping[tuple[str, str], str]) -> Iterator[Finding]:
    """Find images whose base has moved since; `bases` are the digests of bases now, by reference and architecture."""
    for there in images_there(one, seen):
        reference = there.cell.image.variant.base
        now = bases.get((reference, there.cell.architecture.name))
        if now is None or not there.base or there.base == now:
            continue
        newer = one.newer.get(there.cell.id)
        ready = newer is not None and newer.ingredients.get("base") == now
        yield Finding(
            kind=Kind.STALE,
            image=one.image.id,
            cell=there.cell.id,
            reference=there.reference,
            expected=now,
            seen=there.base,
            reason=f"{reference} is another one by now",
            mend=words.publish(one.image.id, rebuild=True) if ready else words.build(one.image.id),
        )


def unsigned(one: Expected, seen: Seen, words: Words) -> Iterator[Finding]:
    """Find what has no signature, each digest once in its repository."""
    told = set()
    for declared in one.declared:
        digest = seen.heads[declared.reference]
        if digest is None or (name := by_digest(declared.reference, digest)) in told:
            continue
        told.add(name)
        if seen.signed.get(name, True):
            continue
        yield Finding(
            kind=Kind.UNSIGNED,
            image=one.image.id,
            cell=declared.cell or "",
            reference=declared.reference,
            seen=digest,
            reason="there is no signature at it",
            mend=words.publish(one.image.id, sign=True),
        )
