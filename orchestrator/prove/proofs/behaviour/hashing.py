"""Digests by the distribution's TLS library, and random bytes."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/hashing",
    claim="Digests, HMAC and PBKDF2 give published answers, by the TLS library's code, and random bytes are random.",
    link="https://docs.python.org/3/library/hashlib.html",
)
