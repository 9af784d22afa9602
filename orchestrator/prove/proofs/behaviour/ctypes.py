"""Calls into C and back.

libffi has code of its own for each architecture, and on musl Python 2.7's bundled copy of it crashed.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/ctypes",
    claim="Ctypes calls C, is called back, and lays out structures as this architecture's C compiler does.",
    link="https://docs.python.org/3/library/ctypes.html#callback-functions",
)
