"""CMD and ENTRYPOINT."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    if subject.image.command != subject.recipe.command:
        raise ProofFailedError(f"CMD is {list(subject.image.command)}, expected {list(subject.recipe.command)}")
    if subject.image.entrypoint:
        raise ProofFailedError(f"ENTRYPOINT is {list(subject.image.entrypoint)}, expected none")
    return f"CMD {list(subject.image.command)}"


PROOF = Proof(
    name="recipe/command",
    claim="CMD is the recipe's, and there is no ENTRYPOINT.",
    link="https://github.com/docker-library/official-images#consistency",
    check=_check,
)
