"""No tests, nothing compiled."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

_DIRECTORIES = frozenset({"test", "tests"})


def _check(subject: Subject) -> str:
    paths = list(subject.survey.whole.below("/usr/local"))
    found = [
        path
        for path, file in paths
        if (file.kind is FileKind.DIRECTORY and path.rpartition("/")[2] in _DIRECTORIES)
        or path.endswith((".pyc", ".pyo"))
    ]
    if found:
        raise ProofFailedError(f"left over: {listed(found)}", output="\n".join(found))
    return f"none among {len(paths)} paths"


PROOF = Proof(
    name="recipe/cleanup",
    claim="Below /usr/local there is no directory named test or tests and no .pyc or .pyo file.",
    link="https://docs.python.org/3/library/compileall.html",
    check=_check,
)
