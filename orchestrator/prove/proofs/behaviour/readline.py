"""Editing at a prompt."""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/readline",
    claim="Readline edits, completes and remembers lines that are typed at a terminal.",
    link="https://docs.python.org/3/library/readline.html",
)
