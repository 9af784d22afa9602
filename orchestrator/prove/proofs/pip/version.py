"""The version that pip says it is."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject, Where
from orchestrator.prove.proofs.probing import STARTS


def _check(subject: Subject) -> str:
    line = subject.cell.image.line
    ran = subject.sandbox(Where.CONFINED).execute(["pip", "--version", "--disable-pip-version-check"])
    seen = ran.stdout.strip()
    if ran.status != 0:
        raise ProofFailedError(
            f"pip --version ended with status {ran.status}: {ran.last_line[:200]}", output=ran.output
        )
    if not seen.startswith(f"pip {line.pip.version} ") or f"(python {line.name})" not in seen:
        raise ProofFailedError(f"it says {seen[:120]!r}, expected pip {line.pip.version} on python {line.name}")
    return f"pip {line.pip.version} on python {line.name}"


PROOF = Proof(
    name="pip/version",
    claim="pip starts and is the pinned version, for this interpreter.",
    link="https://pip.pypa.io/en/stable/cli/pip/",
    check=_check,
    seconds=15,
    needs=(STARTS,),
    live=True,
)
