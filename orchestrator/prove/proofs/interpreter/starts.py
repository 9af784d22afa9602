"""Python starts, says what it is told to, nothing else, and ends."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject, Where
from orchestrator.prove.proofs.probing import STARTS

_WORD = "started"


def _check(subject: Subject) -> str:
    ran = subject.sandbox(Where.CONFINED).execute(["python", "-c", f"import sys; sys.stdout.write({_WORD!r})"])
    if ran.status > 128:
        raise ProofFailedError(
            f"python was ended by signal {ran.status - 128}: {ran.last_line[:200]}", output=ran.output
        )
    if ran.status != 0:
        raise ProofFailedError(f"python ended with status {ran.status}: {ran.last_line[:300]}", output=ran.output)
    if ran.stdout != _WORD or ran.stderr:
        raise ProofFailedError(f"python says more than it was told to: {ran.last_line[:200]}", output=ran.output)
    return f"in {ran.seconds:.1f} s"


PROOF = Proof(
    name=STARTS,
    claim="The interpreter starts, writes what it is told to and nothing else, and ends.",
    link="https://docs.python.org/3/using/cmdline.html",
    check=_check,
    seconds=10,
    emulated_factor=4,
    live=True,
)
