"""How two architectures of an image are compared: as mappings, in which each architecture's own words for itself have been replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from orchestrator.prove.listing import listed
from orchestrator.prove.model import ProofFailedError, Subject

#: What architectures call themselves in names of files and in what configure finds out, by the architecture part of a platform.
_WORDS = {
    "amd64": ("x86_64", "x86-64", "amd64"),
    "arm64": ("aarch64", "arm64"),
    "arm": ("armhf", "armel", "armv7l", "armv6l", "armv5tel", "arm"),
    "386": ("i386", "i486", "i586", "i686", "x86"),
    "ppc64le": ("powerpc64le", "ppc64le", "ppc64el"),
    "s390x": ("s390x",),
}


def neutral(subject: Subject, text: str) -> str:
    """Replace the architecture's own words."""
    return _pattern(subject.cell.architecture.platform.architecture).sub("ARCH", text)


@cache
def _pattern(architecture: str) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in _WORDS.get(architecture, (architecture,)))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")


def compare(subject: Subject, describe: Callable[[Subject], Mapping[str, str]]) -> str:
    """Insist that a subject and its peers are described alike. Raises `ProofFailedError` listing every difference."""
    own = describe(subject)
    for peer in subject.peers:
        other = describe(peer)
        here, there = subject.cell.architecture.name, peer.cell.architecture.name
        found = [f"{name}: only on {here}" for name in sorted(own.keys() - other.keys())]
        found += [f"{name}: only on {there}" for name in sorted(other.keys() - own.keys())]
        found += [
            f"{name}: {own[name]} on {here}, {other[name]} on {there}"
            for name in sorted(own.keys() & other.keys())
            if own[name] != other[name]
        ]
        if found:
            raise ProofFailedError(f"{len(found)} differences: {listed(found)}", output="\n".join(found))
    return f"{len(own)} alike on {', '.join(one.cell.architecture.name for one in (subject, *subject.peers))}"
