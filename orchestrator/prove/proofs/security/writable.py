"""Nothing that everybody may change."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

_STICKY = 0o1000


def _check(subject: Subject) -> str:
    base = subject.survey.base.files
    found = [
        f"{path} ({file.mode:04o})"
        for path, file in sorted(subject.survey.whole.files.items())
        if file.mode & 0o002
        and file.kind in {FileKind.FILE, FileKind.DIRECTORY}
        and not (file.kind is FileKind.DIRECTORY and file.mode & _STICKY)
        and not ((before := base.get(path)) is not None and before.mode == file.mode)
    ]
    if found:
        raise ProofFailedError(f"writable by everybody: {listed(found)}", output="\n".join(found))
    return "none beyond the base"


PROOF = Proof(
    name="security/writable",
    claim="Beyond the base there is no file that everybody may write, and no directory but sticky ones.",
    link="https://www.debian.org/doc/debian-policy/ch-files.html#permissions-and-owners",
    check=_check,
)
