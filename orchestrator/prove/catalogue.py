"""Every proof, in the order they are made: what needs no running program first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from orchestrator.prove import architecture, interpreter
from orchestrator.prove.model import Outcome, Proof, ProofFailedError, Subject

CATALOGUE: tuple[Proof, ...] = (*architecture.PROOFS, *interpreter.PROOFS)


#: The proofs that say whether an image is for the architecture that it claims.
OF_ARCHITECTURE = frozenset(proof.name for proof in architecture.PROOFS)


def prove(subject: Subject, proofs: Sequence[Proof] = CATALOGUE) -> tuple[Outcome, ...]:
    """Make every proof; one that fails does not stop the others."""
    outcomes = []
    for proof in proofs:
        started = time.monotonic()
        try:
            detail, passed = proof.check(subject), True
        except ProofFailedError as error:
            detail, passed = str(error), False
        outcomes.append(
            Outcome(name=proof.name, passed=passed, detail=detail, seconds=round(time.monotonic() - started, 3))
        )
    return tuple(outcomes)
