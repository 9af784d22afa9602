"""What could be published of each image, by the files as they are now and what the ledger remembers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Image, Matrix
from orchestrator.publish.model import Held
from orchestrator.publish.wanted import Candidate, candidate
from orchestrator.render.tree import render_images


def candidates(matrix: Matrix, images: Sequence[Image], ledger: Ledger) -> dict[str, Candidate | Held]:
    """Map images to the proven attempts that make a set of each, or to why there is none."""
    newest, proven = ledger.newest(), ledger.newest(proven=True)
    cells: defaultdict[str, list[str]] = defaultdict(list)
    for cell in matrix.cells:
        cells[cell.image.id].append(cell.id)
    found: dict[str, Candidate | Held] = {}
    for rendered in render_images(matrix, images):
        text = hashlib.sha256(rendered.text.encode()).hexdigest()
        chosen, failed = {}, {}
        for name in cells[rendered.image.id]:
            if (one := _proven(ledger, proven.get(name), name, text)) is not None:
                chosen[name] = one
                if why := _refused(ledger, one, newest[name], text):
                    failed[name] = why
        found[rendered.image.id] = candidate(matrix, rendered.image, cells[rendered.image.id], chosen, failed)
    return found


def _proven(ledger: Ledger, newest: Attempt | None, cell: str, dockerfile: str) -> Attempt | None:
    """Find the newest proven attempt at this Dockerfile: an image of yesterday's release must not get today's tags."""
    if newest is None or newest.ingredients.get("dockerfile") == dockerfile:
        return newest
    attempts = (one for one in ledger.attempts(cell) if one.state is State.PROVEN)
    return next((one for one in attempts if one.ingredients.get("dockerfile") == dockerfile), None)


def _refused(ledger: Ledger, one: Attempt, newest: Attempt, dockerfile: str) -> str:
    """Say why a proven image counts as refused: a newer attempt at the same Dockerfile failed by itself, or it failed when it was looked at again."""
    if newest.id > one.id:
        later = [newest] if newest.failure_class != "cancelled" else list(ledger.attempts(one.cell))
        for attempt in later:
            # What was stopped says nothing; the one before it does.
            if attempt.id <= one.id:
                break
            same = attempt.ingredients.get("dockerfile") == dockerfile
            if same and attempt.failure_class not in {"", "cancelled"}:
                return attempt.failure_class
            if same and attempt.failure_class != "cancelled":
                break
    last = next((seen for seen in ledger.examinations(one.cell, limit=10) if seen.digest == one.digest), None)
    failed = next((proof for proof in last.proofs if proof.verdict == "failed"), None) if last is not None else None
    return f"refused when it was proven again: {failed.name}" if failed is not None else ""
