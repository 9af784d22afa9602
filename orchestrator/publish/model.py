"""What is published, as values: members, the set that they make, and the references that are to lead to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.registry.archive import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A proven image of a set: an entry of its index.

    `image` is the engine's id of it; `digest`, `media_type` and `size` (bytes) are those of its manifest, which is the same thing where the
    engine keeps images as registries do. `platform` has the keys of an index entry, `created` is ISO 8601. `base` is what it was built from
    (reference, digest).
    """

    cell: str
    arch: str
    attempt: int
    image: str
    digest: str
    media_type: str
    size: int
    platform: Mapping[str, str]
    created: str
    base: tuple[str, str] = ("", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A reference and the digest that it is to lead to; `before` is where it led when the set was begun (None: nowhere).

    `index` tells an index from an architecture's image, `release` a tag that names the full release, which never moves, from the others.
    """

    reference: str
    digest: str
    before: str | None
    index: bool
    release: bool

    @property
    def changes(self) -> bool:
        """True when there was something to do."""
        return self.before != self.digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where the recipe of an image comes from, for annotations: an address, a revision there, the release. Empty: not known."""

    source: str = ""
    revision: str = ""
    version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSet:
    """One image, whole: its members, the index over them, and all references that lead to them, in the order in which they are made to.

    `number` is that of the journal (0: it is not in there), `state` one of the journal's, `run` the run that began it.
    """

    image: str
    registry: str
    members: tuple[Member, ...]
    index: Manifest
    targets: tuple[Target, ...]
    number: int = 0
    run: int = 0
    state: str = ""
    began: str = ""

    @property
    def digests(self) -> frozenset[str]:
        """What makes it this set and no other one."""
        return frozenset(member.digest for member in self.members)


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A reference that was made to lead to a digest."""

    reference: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Why an image is not published now; `mend` is what to do about it (empty: nothing but to wait)."""

    reason: str
    mend: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Without:
    """Best-effort architectures that a set is published without, and why: name to reason."""

    image: str
    missing: Mapping[str, str] = field(default_factory=dict)
