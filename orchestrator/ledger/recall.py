"""The ledger as a plan reads it: the newest attempts of all cells at once, the rest only when it is asked for."""

from __future__ import annotations

from functools import cached_property

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt


class Recall:
    """What a plan asks of a ledger (see `orchestrator.plan.plan.Memory`), for thousands of cells. Attempts come without phases and proofs."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._dockerfiles: dict[str, str | None] = {}

    @cached_property
    def _newest(self) -> dict[str, Attempt]:
        return self._ledger.newest()

    @cached_property
    def _proven(self) -> dict[str, Attempt]:
        return self._ledger.newest(proven=True)

    def latest(self, cell: str) -> Attempt | None:
        """Find the last attempt at a cell, whatever became of it."""
        return self._newest.get(cell)

    def proven(self, cell: str, key: str) -> Attempt | None:
        """Find the last proven attempt at a cell with exactly this key."""
        newest = self._proven.get(cell)
        if newest is None or newest.key == key:
            return newest
        return self._ledger.proven(cell, key)

    def dockerfile(self, digest: str) -> str | None:
        """Give the text of a Dockerfile that was built once, by its sha256."""
        if digest not in self._dockerfiles:
            self._dockerfiles[digest] = self._ledger.dockerfile(digest)
        return self._dockerfiles[digest]
