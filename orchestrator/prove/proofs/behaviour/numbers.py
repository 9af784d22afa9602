"""Arithmetic, which must not depend on the architecture."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/numbers",
    claim="Floats, integers, byte orders, seeded random numbers and decimals are the same to the last bit as everywhere.",
    link="https://docs.python.org/3/library/sys.html#sys.float_repr_style",
)
