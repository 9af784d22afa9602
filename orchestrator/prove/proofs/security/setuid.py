"""No program that runs with somebody else's rights, but for the base's own."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import File


def _check(subject: Subject) -> str:
    base = subject.survey.base.files
    special = {path: file for path, file in subject.survey.whole.files.items() if file.special}
    added = [
        f"{path} ({file.mode:04o}{', with capabilities' if file.capable else ''})"
        for path, file in sorted(special.items())
        if (before := base.get(path)) is None or _rights(before) != _rights(file)
    ]
    if added:
        raise ProofFailedError(f"not in the base: {listed(added)}", output="\n".join(added))
    return f"{len(special)}, all of the base"


def _rights(file: File) -> tuple[int, int, int, bool, str]:
    return file.mode, file.owner, file.group, file.capable, file.sha256


PROOF = Proof(
    name="security/setuid",
    claim="There is no setuid or setgid file, and none with capabilities, beyond those of the base.",
    link="https://man7.org/linux/man-pages/man2/execve.2.html",
    check=_check,
)
