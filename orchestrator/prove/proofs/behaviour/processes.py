"""Child processes and signals."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/processes",
    claim="Programs are started, fed, read and killed without a deadlock, and signals arrive.",
    link="https://docs.python.org/3/library/subprocess.html",
)
