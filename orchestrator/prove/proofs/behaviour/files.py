"""Files of every size, with their times, locks and links."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/files",
    claim="Files beyond 4 GiB, memory maps, locks, links, fine times, temporary files and archives work.",
    link="https://docs.python.org/3/library/os.html#files-and-directories",
)
