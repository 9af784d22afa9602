"""Recursion in a thread.

musl's small thread stack overflowed before the recursion limit until THREAD_STACK_SIZE was set.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/recursion",
    claim="In a thread, endless recursion ends in an exception at the interpreter's limit, not in a crash.",
    link="https://bugs.python.org/issue32307",
)
