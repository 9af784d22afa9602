"""`docker run -i IMAGE`, the prompt that the image starts with, told by its standard input to end at once."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.probing import STARTS


def _check(subject: Subject) -> str:
    ran = subject.run()
    if ran.status != 0 or ran.output:
        raise ProofFailedError(f"status {ran.status}, {ran.last_line[:200]!r}, expected a quiet end", output=ran.output)
    return f"docker run IMAGE starts {' '.join(subject.image.command)} and ends with its input"


PROOF = Proof(
    name="override/default",
    claim="`docker run IMAGE` starts the interpreter, which ends quietly when there is nothing to read.",
    link="https://docs.python.org/3/using/cmdline.html#interface-options",
    check=_check,
    needs=(STARTS,),
    live=True,
)
