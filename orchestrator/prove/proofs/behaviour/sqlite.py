"""SQLite, with extensions that can be loaded on Python 3."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/sqlite",
    claim="An SQLite database on disk keeps what is committed, calls Python, and on Python 3 can load extensions.",
    link="https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.enable_load_extension",
)
