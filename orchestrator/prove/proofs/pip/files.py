"""site-packages, byte for byte."""

from __future__ import annotations

import re

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

#: What pip writes about an installation, and what the recipe removes again.
_WRITTEN = re.compile(r"[^/]+\.dist-info/(?:RECORD|INSTALLER|REQUESTED|direct_url\.json)$")
_REMOVED = re.compile(r"(?:.*/)?(?:tests?|__pycache__)/|.*\.py[co]$")
#: CPython's own words about the directory.
_README = frozenset({"README", "README.txt"})


def _check(subject: Subject) -> str:
    upstream = subject.upstream
    if upstream is None:
        raise ProofFailedError("the wheels are not at hand")
    packages = f"/usr/local/lib/python{subject.cell.image.line.name}/site-packages/"
    seen = {
        path.removeprefix(packages): file.sha256
        for path, file in subject.survey.whole.below(packages)
        if file.kind is not FileKind.DIRECTORY
    }
    own = {path: digest for path, digest in seen.items() if not _WRITTEN.match(path) and not _REMOVED.match(path)}
    wrong = [
        f"{path} differs from its wheel's"
        for path, digest in own.items()
        if upstream.packages.get(path, digest) != digest
    ]
    wrong += [f"{path} is of no pinned wheel" for path in own if path not in upstream.packages and path not in _README]
    wrong += [
        f"{path} is missing"
        for path in sorted(upstream.packages)
        if path not in seen and not _WRITTEN.match(path) and not _REMOVED.match(path)
    ]
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(own)} files"


PROOF = Proof(
    name="pip/files",
    claim="Every file in site-packages is byte for byte of one of the pinned wheels; none is missing, none was added.",
    link="https://packaging.python.org/en/latest/specifications/binary-distribution-format/",
    check=_check,
    against_inputs=True,
)
