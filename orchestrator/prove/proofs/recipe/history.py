"""The history that everybody who pulls the image can read."""

from __future__ import annotations

import re

from orchestrator.prove.dockerfile import instructions
from orchestrator.prove.listing import listed
from orchestrator.prove.model import Proof, ProofFailedError, Subject

#: What gives a secret away, by the name it is given or by its own form.
_SECRETS = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|secret|token|credential|api_?key|access_?key|auth)[A-Z0-9_]*\s*[=:]\s*['\"]?[^\s'\"$]"
    r"|authorization:|bearer\s+[a-z0-9._-]{8}|://[^/\s:@]+:[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20}|\bxox[abp]-|\beyJ[A-Za-z0-9_-]{10,}\.eyJ"
)
#: Directories of the machine that an image was built on; no image of this family has files there.
_FOREIGN = re.compile(r"(?<![\w./-])/(?:home|Users|workspace|builds?|mnt|media|srv|var/jenkins_home|private)/[^\s;&|]+")


def _check(subject: Subject) -> str:
    own = [entry.text for entry in subject.image.own_history]
    expected = instructions(subject.dockerfile)
    found = [f"a secret in: {text[:120]}" for text in own if _SECRETS.search(text) and text not in expected]
    found += [f"a path of some other machine in: {text[:120]}" for text in own if _FOREIGN.search(text)]
    if not found and ours(subject):
        found = [f"not in the Dockerfile: {text[:120]}" for text in own if text not in expected]
    if found:
        raise ProofFailedError(listed(found), output="\n".join(found))
    return f"{len(own)} instructions" + ("" if ours(subject) else ", of another Dockerfile than ours")


def ours(subject: Subject) -> bool:
    """Tell whether the image was built from this family's Dockerfiles, and not from somebody else's for the same image."""
    expected = [text for text in instructions(subject.dockerfile) if text.startswith("COPY ")]
    return any(entry.text in expected for entry in subject.image.own_history)


PROOF = Proof(
    name="recipe/history",
    claim="The history above the base holds no secret and no path of the machine that built it; where it is this Dockerfile's, nothing else.",
    link="https://docs.docker.com/reference/cli/docker/image/history/",
    check=_check,
)
