"""The event loop."""

from __future__ import annotations

from orchestrator.prove.cells import python3
from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/asyncio",
    claim="The event loop runs tasks, timers, TCP servers and clients, child processes and signal handlers.",
    link="https://docs.python.org/3/library/asyncio.html",
    applies=python3,
)
