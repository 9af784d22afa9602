"""Everything else in the config that a container starts with: nothing of it is set."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    image = subject.image
    found = [f"LABEL {name}={value}" for name, value in image.labels.items()]
    found += [f"{name} is {value!r}" for name, value in image.others.items()]
    if image.directory not in {"", "/"}:
        found.append(f"WORKDIR is {image.directory}")
    if image.user not in {"", "root", "0", "0:0", "root:root"}:
        found.append(f"USER is {image.user}")
    if found:
        raise ProofFailedError(f"{listed(found)}: the recipe sets nothing like that")
    return "root in /, no labels, ports, volumes or health check"


PROOF = Proof(
    name="recipe/defaults",
    claim="Working directory, user, labels, ports, volumes, health check and triggers are left as they are in the base.",
    link="https://github.com/opencontainers/image-spec/blob/main/config.md#properties",
    check=_check,
)
