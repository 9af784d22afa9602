"""The dynamic linker's cache."""

from __future__ import annotations

from orchestrator.prove.cells import debian
from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    view = subject.survey.whole
    cache = view.contents.get("/etc/ld.so.cache", b"")
    name = subject.cell.image.line.name
    libraries = [
        path
        for path, _ in view.below("/usr/local/lib")
        if path.startswith(f"/usr/local/lib/libpython{name}") and ".so." in path
    ]
    if not libraries:
        raise ProofFailedError(f"there is no /usr/local/lib/libpython{name}*.so.*")
    for path in libraries:
        if path.encode() + b"\0" not in cache:
            raise ProofFailedError(f"/etc/ld.so.cache does not know {path}: ldconfig was not run after it came")
    return f"{libraries[0]} is in /etc/ld.so.cache"


PROOF = Proof(
    name="recipe/linker",
    claim="The cache of glibc's dynamic linker knows libpython, which it finds in no other way.",
    link="https://manpages.debian.org/ldconfig",
    check=_check,
    applies=debian,
)
