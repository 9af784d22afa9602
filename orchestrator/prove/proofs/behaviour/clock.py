"""The time zone is UTC."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/clock",
    claim="Local time is UTC, and dates beyond 2038 work.",
    link="https://docs.python.org/3/library/time.html#time.tzset",
)
