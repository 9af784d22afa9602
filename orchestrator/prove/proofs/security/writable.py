"""Nothing that anybody but root may change."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import File, FileKind

_STICKY = 0o1000
#: Where programs and their settings are; the rest (caches, logs) belongs to whoever works there.
_OF_ROOT = ("/bin/", "/etc/", "/lib", "/sbin/", "/usr/")


def _check(subject: Subject) -> str:
    base = subject.survey.base.files
    found = []
    for path, file in sorted(subject.survey.whole.files.items()):
        before = base.get(path)
        if before is not None and (before.mode, before.owner) == (file.mode, file.owner):
            continue
        if _by_everybody(file):
            found.append(f"{path} ({file.mode:04o})")
        elif file.owner != 0 and path.startswith(_OF_ROOT):
            found.append(f"{path} (belongs to user {file.owner})")
    if found:
        raise ProofFailedError(f"others than root may write: {listed(found)}", output="\n".join(found))
    return "none beyond the base"


def _by_everybody(file: File) -> bool:
    sticky = file.kind is FileKind.DIRECTORY and bool(file.mode & _STICKY)
    return bool(file.mode & 0o002) and file.kind in {FileKind.FILE, FileKind.DIRECTORY} and not sticky


PROOF = Proof(
    name="security/writable",
    claim="Beyond the base there is no file that everybody may write, no such directory but sticky ones, and no program or setting of another"
    " user than root.",
    link="https://www.debian.org/doc/debian-policy/ch-files.html#permissions-and-owners",
    check=_check,
)
