"""Threads."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/threads",
    claim="Locks, queues, events, timeouts and thread-local data hold among eight threads.",
    link="https://docs.python.org/3/library/threading.html",
)
