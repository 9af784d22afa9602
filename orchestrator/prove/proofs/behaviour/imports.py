"""The standard library as a whole.

A module that cannot be imported is mostly one whose extension was not built: `make` only prints a list of those and succeeds.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/imports",
    claim="Every module of the standard library can be imported in one process.",
    link="https://devguide.python.org/getting-started/setup-building/#install-dependencies",
    seconds=20.0,
)
