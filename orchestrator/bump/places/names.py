"""What the names of files say: upstream's (`Python-3.7.3.tar.xz.asc`) and Debian's (`python3.13_3.13.5.orig.tar.xz`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.bump.model import order

#: A release as upstream writes it, and as Debian does: `~` sorts before the end of a version (deb-version(7)).
_UPSTREAM = re.compile(r"Python-(?P<release>[0-9][0-9a-z.]*)\.(?P<format>tar\.xz|tgz)(?P<signature>\.asc)?")
_DEBIAN = re.compile(
    r"python[0-9]+\.[0-9]+_(?P<release>[0-9][0-9a-z.~]*)\.orig\.(?P<format>tar\.xz|tar\.gz)(?P<signature>\.asc)?"
)
_PACKAGING = re.compile(r"python[0-9]+\.[0-9]+_(?P<release>[0-9][0-9a-z.~]*)-[A-Za-z0-9.+~]+\.debian\.tar\.[a-z0-9]+")


class Kind(StrEnum):
    """What a file of a release is."""

    TARBALL = "tarball"
    SIGNATURE = "signature"
    PACKAGING = "packaging"


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A file of a release. `format` is `tar.xz` or `tgz` (empty for packaging), `debian` whether Debian named it."""

    kind: Kind
    release: str
    format: str = ""
    debian: bool = False

    @property
    def number(self) -> str:
        """The release that it is, or leads to: 3.8.0 for 3.8.0rc1."""
        return number_of(self.release)


def number_of(release: str) -> str:
    """Give the final release that a release is or leads to: 3.8.0 for 3.8.0rc1; upstream names directories so."""
    return re.split(r"[a-z]", release, maxsplit=1)[0]


def read_name(name: str) -> Named | None:
    """Say what a file name (without directories) means; None for what is no file of a release."""
    if (found := _UPSTREAM.fullmatch(name)) is not None:
        debian = False
    elif (found := _DEBIAN.fullmatch(name) or _PACKAGING.fullmatch(name)) is not None:
        debian = True
    else:
        return None
    release = found["release"].replace("~", "")
    if not order(release):
        return None
    parts = found.groupdict()
    if "format" not in parts:
        return Named(kind=Kind.PACKAGING, release=release, debian=True)
    return Named(
        kind=Kind.SIGNATURE if parts["signature"] else Kind.TARBALL,
        release=release,
        format="tgz" if parts["format"] == "tar.gz" else parts["format"],
        debian=debian,
    )
