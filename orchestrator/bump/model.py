"""What a bump finds, what it has verified, and what it proposes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.inputs.model import StoredInput
from orchestrator.matrix.model import Line, Pin

_NUMBER = r"(0|[1-9][0-9]{0,2})"
_RELEASE = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:(a|b|rc)([0-9]{{1,2}}))?")
_STAGES = {"a": 0, "b": 1, "rc": 2, None: 3}


class Part(StrEnum):
    """What can be bumped of a line."""

    RELEASE = "release"
    PIP = "pip"
    SETUPTOOLS = "setuptools"
    WHEEL = "wheel"
    EXTRAS = "extras"


def order(release: str) -> tuple[int, ...]:
    """Give what releases are ordered by: 3.7.10 is after 3.7.9, and 3.7.0 after 3.7.0rc1; empty for what is no release."""
    found = _RELEASE.fullmatch(release)
    if found is None:
        return ()
    return (*(int(number) for number in found.groups()[:3]), _STAGES[found[4]], int(found[5] or 0))


def is_final(release: str) -> bool:
    """Whether it is no pre-release (a, b, rc)."""
    found = _RELEASE.fullmatch(release)
    return found is not None and found[4] is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A good signature: the full fingerprint of the primary key that made it, when, and what is to be said about it (the key has expired since)."""

    fingerprint: str
    made: datetime
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A release whose tarball was fetched and whose signature holds.

    `format` is the tarball's ending (`tar.xz`, `tgz`), `sha256` hex, `pool` its path below a Debian mirror where it was found there, `origin` the address or
    path that it came from. `stored` is the tarball in the store, so that no build has to fetch it again. `seen` records what each place said to
    be the newest release (place to release, empty where it could not tell); `notes` are told to people.
    """

    release: str
    format: str
    sha256: str
    origin: str
    stored: StoredInput
    signature: Signature
    pool: str | None = None
    seen: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsigned:
    """A release whose tarball has the sha256 (hex) that a person gave; no signature was looked at. Fields as in `Verified`."""

    release: str
    format: str
    sha256: str
    origin: str
    stored: StoredInput
    pool: str | None = None
    seen: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What is proposed for a line: another release, other pins (in the order pip, setuptools, wheel, extras), or nothing. `notes` are told to people."""

    line: Line
    release: Verified | Unsigned | None = None
    pins: tuple[Pin, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the line has the newest of everything that was asked for."""
        return self.release is None and not self.pins
