"""What a program inside sees of the machine."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject, Where

#: What `uname -m` says, by the architecture part of a platform. A 32-bit ARM program on a 64-bit kernel sees armv8l.
_MACHINES = {
    "amd64": {"x86_64"},
    "arm64": {"aarch64"},
    "arm": {"armv5tel", "armv6l", "armv7l", "armv8l"},
    "386": {"i386", "i486", "i586", "i686", "x86_64"},
    "ppc64le": {"ppc64le"},
    "s390x": {"s390x"},
}


def _check(subject: Subject) -> str:
    ran = subject.sandbox(Where.CONFINED).execute(["uname", "-m"])
    seen = ran.stdout.strip()
    expected = _MACHINES.get(subject.cell.architecture.platform.architecture, set())
    if ran.status != 0:
        raise ProofFailedError(f"uname -m ended with status {ran.status}: {ran.last_line[:200]}", output=ran.output)
    if seen not in expected:
        raise ProofFailedError(
            f"uname -m says {seen[:40]}, expected {' or '.join(sorted(expected)) or 'one that is known'}"
        )
    return seen


PROOF = Proof(
    name="architecture/machine",
    claim="A program of the image sees the machine of that platform.",
    link="https://man7.org/linux/man-pages/man2/uname.2.html",
    check=_check,
    live=True,
)
