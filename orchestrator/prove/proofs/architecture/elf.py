"""The ELF header of every file above the base."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.elf import expected_header


def _check(subject: Subject) -> str:
    expected = expected_header(subject.cell.architecture.platform)
    programs = {path: file.elf for path, file in subject.survey.own.items() if file.elf is not None}
    foreign = [f"{path} ({header})" for path, header in sorted(programs.items()) if header != expected]
    if foreign:
        raise ProofFailedError(f"{listed(foreign)}: expected {expected}", output="\n".join(foreign))
    if not programs:
        raise ProofFailedError("there is no ELF file above the base")
    return f"{len(programs)} ELF files above the base"


PROOF = Proof(
    name="architecture/elf",
    claim="Every ELF file in the layers above the base is for that platform.",
    link="https://github.com/cloudposse/atmos/issues/2931",
    check=_check,
)
