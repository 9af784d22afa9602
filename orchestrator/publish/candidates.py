"""What could be published of each image, by the files as they are now and what the ledger remembers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Image, Matrix
from orchestrator.publish.model import Held
from orchestrator.publish.wanted import Candidate, candidate
from orchestrator.render.tree import render_images


def candidates(matrix: Matrix, images: Sequence[Image], ledger: Ledger) -> dict[str, Candidate | Held]:
    """Map images to the proven attempts that make a set of each, or to why there is none."""
    newest, proven = ledger.newest(), ledger.newest(proven=True)
    found: dict[str, Candidate | Held] = {}
    for rendered in render_images(matrix, images):
        text = hashlib.sha256(rendered.text.encode()).hexdigest()
        cells = [cell.id for cell in matrix.cells if cell.image.id == rendered.image.id]
        chosen = {name: one for name in cells if (one := _proven(ledger, proven.get(name), name, text))}
        found[rendered.image.id] = candidate(matrix, rendered.image, chosen, _failed(chosen, newest, text))
    return found


def _proven(ledger: Ledger, newest: Attempt | None, cell: str, dockerfile: str) -> Attempt | None:
    """Find the newest proven attempt at this Dockerfile: an image of yesterday's release must not get today's tags."""
    if newest is None or newest.ingredients.get("dockerfile") == dockerfile:
        return newest
    attempts = (one for one in ledger.attempts(cell) if one.state is State.PROVEN)
    return next((one for one in attempts if one.ingredients.get("dockerfile") == dockerfile), None)


def _failed(chosen: Mapping[str, Attempt], newest: Mapping[str, Attempt], dockerfile: str) -> dict[str, Attempt]:
    """Newer attempts at the same Dockerfiles that failed by themselves."""
    return {
        name: newest[name]
        for name, one in chosen.items()
        if newest[name].id > one.id
        and newest[name].failure_class not in {"", "cancelled"}
        and newest[name].ingredients.get("dockerfile") == dockerfile
    }
