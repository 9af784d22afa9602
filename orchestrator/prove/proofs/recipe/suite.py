"""The release of the distribution."""

from __future__ import annotations

import re

from orchestrator.matrix.model import Family
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    text = view.text("/usr/lib/os-release") or view.text("/etc/os-release")
    fields = {match[1]: match[2].strip("\"'") for match in re.finditer(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)}
    suite = subject.cell.image.variant.suite
    said = fields.get("PRETTY_NAME") or "nothing"
    if suite.family is Family.ALPINE:
        wanted = ".".join(str(number) for number in suite.version)
        right = fields.get("ID") == "alpine" and f"{fields.get('VERSION_ID', '')}.".startswith(f"{wanted}.")
    else:
        # Before buster the code name stands in VERSION alone: https://manpages.debian.org/os-release
        names = (fields.get("VERSION_CODENAME", ""), *re.findall(r"\(([a-z]+)\)", fields.get("VERSION", "")))
        right = fields.get("ID") == "debian" and suite.name in names
    if not right:
        raise ProofFailedError(f"os-release says {said}, expected {suite.name}")
    return said


PROOF = Proof(
    name="recipe/suite",
    claim="The distribution is the one in the tag, in that release.",
    link="https://www.freedesktop.org/software/systemd/man/latest/os-release.html",
    check=_check,
)
