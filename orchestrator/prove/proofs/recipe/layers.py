"""How many layers, and that none hides what another brought."""

from __future__ import annotations

from orchestrator.prove.dockerfile import instructions, makes_layer
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.proofs.recipe.history import ours


def _check(subject: Subject) -> str:
    survey = subject.survey
    count = len(survey.layers) - survey.base_layers
    expected = sum(makes_layer(text) for text in instructions(subject.dockerfile))
    if ours(subject) and count != expected:
        raise ProofFailedError(f"{count} layers above the base, expected {expected}")
    if survey.hidden:
        raise ProofFailedError(
            f"in a layer, though a later one removes it: {listed(survey.hidden)}", output="\n".join(survey.hidden)
        )
    return f"{count} above the base"


PROOF = Proof(
    name="recipe/layers",
    claim="There are as many layers above the base as the Dockerfile makes, and no file is in one that a later one removes.",
    link="https://docs.docker.com/build/building/best-practices/",
    check=_check,
)
