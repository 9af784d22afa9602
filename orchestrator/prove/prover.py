"""Making proofs: one after the other, each within its time, none stopped by another's failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from orchestrator.prove.model import Outcome, Proof, ProofFailedError, Subject, Verdict


class LimitedSubject(Subject, Protocol):
    """A subject whose time can be limited."""

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Limit everything that is run meanwhile to so many seconds each."""


def prove(
    subject: LimitedSubject,
    proofs: Sequence[Proof],
    *,
    emulated: bool,
    on_proof: Callable[[Proof], None] = lambda _: None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, ...]:
    """Make every proof that applies to the subject's cell, in order.

    A proof that needs one which has failed is not made: it would only repeat that failure, and wait for its time limit again.
    `stopped` is asked before each; proofs after that are left out, and what is returned is not the whole.
    """
    outcomes: dict[str, Outcome] = {}
    for proof in proofs:
        if stopped():
            break
        if not proof.applies(subject.cell) or _out_of_reach(subject, proof):
            continue
        on_proof(proof)
        broken = next((name for name in proof.needs if name in outcomes and not outcomes[name].passed), None)
        if broken is not None:
            outcome = Outcome(name=proof.name, verdict=Verdict.NOT_MADE, detail=f"{broken} failed", seconds=0.0)
        else:
            with subject.within(proof.limit(emulated=emulated)):
                outcome = _make(subject, proof)
        outcomes[proof.name] = outcome
        on_outcome(outcome)
    return tuple(outcomes.values())


def _out_of_reach(subject: Subject, proof: Proof) -> bool:
    """Tell whether there is nothing to hold the image against."""
    return (proof.pairwise and not subject.peers) or (proof.against_inputs and subject.upstream is None)


def _make(subject: Subject, proof: Proof) -> Outcome:
    started = time.monotonic()
    verdict, output = Verdict.PASSED, ""
    try:
        detail = proof.check(subject)
    except ProofFailedError as error:
        detail, verdict, output = str(error), Verdict.FAILED, error.output
    return Outcome(
        name=proof.name,
        verdict=verdict,
        detail=" ".join(detail.split()),
        seconds=round(time.monotonic() - started, 3),
        output=output,
    )
