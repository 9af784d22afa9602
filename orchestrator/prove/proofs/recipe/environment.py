"""ENV."""

from __future__ import annotations

from orchestrator.prove.dockerfile import expand
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    expected = [f"{variable.name}={expand(variable.text)}" for variable in subject.recipe.environment]
    seen = list(subject.image.environment)
    if seen == expected:
        return ", ".join(variable.name for variable in subject.recipe.environment)
    wrong = [f"{one} is not there" for one in expected if one not in seen]
    wrong += [f"{one} is not in the recipe" for one in seen if one not in expected]
    raise ProofFailedError(listed(wrong) or f"the order is {listed(one.partition('=')[0] for one in seen)}")


PROOF = Proof(
    name="recipe/environment",
    claim="The environment variables are those of the recipe, in its order, with its values.",
    link="https://docs.docker.com/reference/dockerfile/#env",
    check=_check,
)
