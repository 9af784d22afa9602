"""Nothing of the build is left: no source tree, no caches, no package lists, nothing in anybody's home."""

from __future__ import annotations

from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject
from orchestrator.prove.survey.layer import FileKind

#: Directories in which the layers above the base leave nothing, with what may be in them all the same.
_EMPTY = (
    "/usr/src",
    "/tmp",  # noqa: S108 - the image's
    "/var/tmp",  # noqa: S108 - the image's
    "/root",
    "/home",
    "/run",
    "/dev",
    "/mnt",
    "/opt",
    "/srv",
    "/var/lib/apt/lists",
    "/var/cache/apt",
    "/var/cache/apk",
    "/var/cache/ccache",
)
_HARMLESS = frozenset({"/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"})


def _check(subject: Subject) -> str:
    first = subject.survey.base_layers
    files = subject.survey.whole.files
    found = [
        path
        for directory in _EMPTY
        for path, file in subject.survey.whole.below(directory)
        if file.layer >= first and file.kind is not FileKind.DIRECTORY and path not in _HARMLESS
    ]
    found += [path for path in ("/usr/src/python", "/runtime-libraries") if path in files and path not in found]
    if found:
        raise ProofFailedError(f"left over: {listed(found)}", output="\n".join(found))
    return f"{len(_EMPTY)} directories are as the base has them"


PROOF = Proof(
    name="recipe/leftovers",
    claim="No source tree, cache, package list or file in a home or temporary directory is left by the build.",
    link="https://docs.docker.com/build/building/best-practices/",
    check=_check,
)
