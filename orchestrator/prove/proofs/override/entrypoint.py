"""`docker run --entrypoint ... IMAGE`."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject

_WORD = "hello from the entrypoint"


def _check(subject: Subject) -> str:
    ran = subject.run(["-c", f"echo {_WORD}"], entrypoint=["sh"])
    if ran.status != 0 or ran.stdout != _WORD + "\n":
        raise ProofFailedError(f"status {ran.status}, {ran.last_line[:200]!r}", output=ran.output)
    return "docker run --entrypoint sh IMAGE -c ..."


PROOF = Proof(
    name="override/entrypoint",
    claim="`docker run --entrypoint sh IMAGE` runs a shell.",
    link="https://docs.docker.com/reference/cli/docker/container/run/#entrypoint",
    check=_check,
    live=True,
)
