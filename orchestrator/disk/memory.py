"""What the ledger says about what is on the disk."""

from __future__ import annotations

from orchestrator.disk.model import Memory
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.ledger import Ledger

#: All of them: SQLite takes a negative limit for none.
_ALL = -1


def read_memory(ledger: Ledger) -> Memory:
    """Read all attempts, and what every published reference points at now."""
    published = {digest for digest, _ in ledger.newest_publications().values()}
    # Engines without containerd's store know an image by another digest than its registry.
    published |= {member.image for one in Journal(ledger).all_current() for member in one.members}
    return Memory(attempts=ledger.attempts(limit=_ALL), published=frozenset(published))
