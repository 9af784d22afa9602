"""The distribution's packages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.prove.model import Proof, Subject
from orchestrator.prove.packages import installed
from orchestrator.prove.proofs.parity.comparing import compare

#: Debian builds a package again for one architecture alone, from the same source: https://wiki.debian.org/binNMU
_REBUILT = re.compile(r"\+b\d+$")


def _describe(subject: Subject) -> Mapping[str, str]:
    return {name: _REBUILT.sub("", package.version) for name, package in installed(subject.survey.whole).items()}


PROOF = Proof(
    name="parity/packages",
    claim="Every architecture has the same packages of the distribution, in the same versions.",
    link="https://github.com/docker-library/official-images#multiple-architectures",
    check=lambda subject: compare(subject, _describe),
    pairwise=True,
)
