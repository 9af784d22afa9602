"""Python works for a stranger on a read-only file system, without capabilities and without a network."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "security/confined",
    claim="Python works read-only, as a user that the image does not know, with every capability dropped and without a network.",
    link="https://docs.docker.com/engine/security/#linux-kernel-capabilities",
)
