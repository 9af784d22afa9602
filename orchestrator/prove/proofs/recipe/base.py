"""What came with the base."""

from __future__ import annotations

import fnmatch
import posixpath

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.packages import installed
from orchestrator.prove.proofs.recipe.files import GENERATED, merged
from orchestrator.prove.survey.layer import File, FileKind

#: Rewritten by a step that has its reason in the recipe.
_SOURCES = "/etc/apt/sources.list"


def _check(subject: Subject) -> str:
    base, whole = subject.survey.base, subject.survey.whole
    before, now = installed(base), installed(whole)
    upgraded = {
        merged(path)
        for name, package in now.items()
        if name in before and before[name].version != package.version
        for path in (*package.files, *before[name].files)
    }
    rewritten = {_SOURCES} if subject.recipe.has_step("archived-suite") else set()
    wrong = []
    for path, old in sorted(base.files.items()):
        if path.startswith("/usr/local/") or merged(path) in upgraded:
            continue
        new = whole.files.get(path)
        if new is None:
            # A package that is upgraded or set up anew may take a file of its own away; one that vanishes with its package is seen there.
            if not _generated(path):
                wrong.append(f"{path} is gone")
        elif (difference := _difference(old, new)) is not None:
            wrong.append(f"{path}: {difference}")
        elif old.sha256 != new.sha256 and not _generated(path) and path not in rewritten:
            wrong.append(f"{path}: other content")
    if wrong:
        raise ProofFailedError(listed(wrong), output="\n".join(wrong))
    return f"{len(base.files)} files are as they were"


def _difference(old: File, new: File) -> str | None:
    if old.kind is not new.kind:
        return f"a {old.kind} became a {new.kind}"
    if old.kind is FileKind.SYMLINK:
        return None if posixpath.normpath(old.target) == posixpath.normpath(new.target) else f"points at {new.target}"
    if old.mode != new.mode:
        return f"mode {old.mode:04o} became {new.mode:04o}"
    if (old.owner, old.group) != (new.owner, new.group):
        return f"owner {old.owner}:{old.group} became {new.owner}:{new.group}"
    return None


def _generated(path: str) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in GENERATED)


PROOF = Proof(
    name="recipe/base",
    claim="What came with the base is as it was, content, modes and owners, but for packages that were upgraded and what package managers keep.",
    link="https://github.com/opencontainers/image-spec/blob/main/layer.md",
    check=_check,
)
