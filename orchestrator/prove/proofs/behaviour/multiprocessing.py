"""Processes that share memory and semaphores.

Without a working `sem_open` at build time the module has no locks at all.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/multiprocessing",
    claim="Process pools, queues, locks and shared memory work.",
    link="https://bugs.python.org/issue3770",
    seconds=20.0,
)
