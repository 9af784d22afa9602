"""The files above the base."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.prove.model import Proof, Subject
from orchestrator.prove.proofs.parity.comparing import compare, neutral
from orchestrator.prove.survey.layer import FileKind


def _describe(subject: Subject) -> Mapping[str, str]:
    view = subject.survey.whole
    described = {}
    for path, file in view.below("/usr/local"):
        text = f"{file.kind} {file.mode:04o} {file.owner}:{file.group}"
        if file.kind is FileKind.SYMLINK:
            text += f" to {neutral(subject, file.target)}"
        # Those of distutils are for Windows, and are called after Windows' architectures everywhere.
        described[path if path.endswith(".exe") else neutral(subject, path)] = text
    return described


PROOF = Proof(
    name="parity/files",
    claim="Below /usr/local every architecture has the same files, directories and links, with the same modes and owners.",
    link="https://github.com/docker-library/official-images#multiple-architectures",
    check=lambda subject: compare(subject, _describe),
    pairwise=True,
)
