"""Drawing on a terminal.

The terminal descriptions are the distribution's; slim images have the few of its base package.
"""

from __future__ import annotations

from orchestrator.prove.proofs.probing import probe_proof

PROOF = probe_proof(
    "behaviour/curses",
    claim="Curses finds a terminal description, draws on a terminal and reads keys, wide characters included on Python 3.",
    link="https://docs.python.org/3/howto/curses.html",
)
