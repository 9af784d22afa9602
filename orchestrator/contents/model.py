"""The contents of an image, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ecosystem(StrEnum):
    """Where a package comes from; the type of its package URL.

    Source: https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst
    """

    DEB = "deb"
    APK = "apk"
    PYPI = "pypi"
    GENERIC = "generic"


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """A package in an image: of the distribution, a Python distribution below site-packages, or CPython itself (generic).

    `licences` are SPDX identifiers where what the package says maps to one, else its own words, sorted; empty where it says nothing.
    `source` is the source package with its version where that has another name (`openssl 1.1.1n-0+deb11u5`), or an address.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    architecture: str = ""
    licences: tuple[str, ...] = ()
    source: str = ""
    purl: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerEntry:
    """A layer: its digest, bytes as it is stored, and what made it (of the history)."""

    digest: str
    size: int
    made_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """All of it. `digest` is the image's, `created` ISO 8601, `layers` lowest first, `components` sorted by ecosystem and name."""

    digest: str
    platform: str
    created: str
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    layers: tuple[LayerEntry, ...] = ()
    components: tuple[Component, ...] = ()
