"""Compression by the distribution's zlib, bzip2 and xz."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/compression",
    claim="Zlib, bz2 and (on Python 3) lzma read others' data, get their own back, in pieces too, and refuse damaged data.",
    link="https://docs.python.org/3/library/archiving.html",
)
