"""Text is UTF-8 everywhere.

It is by LANG=C.UTF-8, on Python 2.7 also by PYTHONIOENCODING and a wide build.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/text",
    claim="File names, arguments, pipes and the locale are UTF-8, and the codecs of China, Japan and Korea are there.",
    link="https://bugs.python.org/issue19846",
)
