"""What is in site-packages."""

from __future__ import annotations

import re

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject

_METADATA = re.compile(r"/site-packages/([A-Za-z0-9._]+)-([A-Za-z0-9._!+]+?)(?:-py\d+\.\d+)?\.(?:dist|egg)-info$")


def _check(subject: Subject) -> str:
    seen = {
        (match[1].lower().replace("_", "-"), match[2])
        for path in subject.survey.whole.files
        if path.startswith("/usr/local/") and (match := _METADATA.search(path))
    }
    expected = {(pin.name, pin.version) for pin in subject.recipe.wheels}
    wrong = [f"{name} {version} is not there" for name, version in sorted(expected - seen)]
    wrong += [f"{name} {version} is not pinned" for name, version in sorted(seen - expected)]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return ", ".join(f"{name} {version}" for name, version in sorted(seen))


PROOF = Proof(
    name="pip/distributions",
    claim="The Python packages in site-packages are exactly the pinned ones.",
    link="https://packaging.python.org/en/latest/specifications/recording-installed-packages/",
    check=_check,
)
