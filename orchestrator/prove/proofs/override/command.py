"""`docker run IMAGE echo ...`."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject

_WORDS = ("hello", "from the command")


def _check(subject: Subject) -> str:
    ran = subject.run(["echo", *_WORDS])
    if ran.status != 0 or ran.stdout != " ".join(_WORDS) + "\n":
        raise ProofFailedError(f"status {ran.status}, {ran.last_line[:200]!r}", output=ran.output)
    return "docker run IMAGE echo"


PROOF = Proof(
    name="override/command",
    claim="`docker run IMAGE echo` runs echo: whatever an entrypoint does, it lets commands through.",
    link="https://github.com/docker-library/official-images/blob/master/test/tests/override-cmd/run.sh",
    check=_check,
    live=True,
)
