"""What is there, what was decided about it, and what became of that, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from orchestrator.acceleration.stock import Judged, Stocked
from orchestrator.ledger.records import Attempt


class Kind(StrEnum):
    """What is looked at."""

    LOG = "log"
    SCRATCH = "scratch"
    IMAGE = "image"
    CACHE = "cache"
    RECORD = "record"
    TOOLS = "tools"


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedImage:
    """A staging reference in the engine: `orchestrator.local/<name>/<cell>:<key>`, the key's first twelve characters.

    `digest` is the image's id, `digests` all by which a registry may know it. `size` is in bytes, layers that others share included.
    `tagged` is when the image last got a name, by the engine (None: it does not say; for a build that is dated back it is too early).
    `others` are its references that are not staging ones.
    """

    reference: str
    cell: str
    key: str
    digest: str
    size: int
    tagged: datetime | None
    others: tuple[str, ...] = ()
    digests: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The reference with the image that it means."""
        return f"{self.reference}@{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A log of a cell; `proofs` tells one of `orchestrator test` from one of a build. `size` is in bytes."""

    path: Path
    cell: str
    written: datetime
    size: int
    proofs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheUse:
    """The cache of one buildx builder, in bytes: all that counts against a limit, and how much of that nobody uses right now."""

    builder: str
    size: int
    reclaimable: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ScratchDirectory:
    """A directory that a killed run left behind; `size` is in bytes."""

    path: Path
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is kept of an image, by its digest: its contents, or its provenance. `size` is in bytes."""

    path: Path
    digest: str
    written: datetime
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolsOnDisk:
    """Native tools for emulated builds; `size` is in bytes."""

    tools: Stocked
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictOnDisk:
    """What was found out about native tools; `size` is in bytes."""

    verdict: Judged
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """All that is there. `live` says that a run is going on: what is in the engine was then not looked at. `notes` say what else was not."""

    live: bool
    logs: tuple[LogFile, ...] = ()
    scratch: tuple[ScratchDirectory, ...] = ()
    images: tuple[StagedImage, ...] = ()
    caches: tuple[CacheUse, ...] = ()
    records: tuple[Record, ...] = ()
    tools: tuple[ToolsOnDisk, ...] = ()
    verdicts: tuple[VerdictOnDisk, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What the ledger says: all attempts, newest first, and the digests that published references point at now.

    `sightings` map images (by `StagedImage.name`) to when they were first seen in the engine.
    """

    attempts: tuple[Attempt, ...] = ()
    published: frozenset[str] = frozenset()
    sightings: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """One thing to remove: `what` is a path, a reference or a builder; `size` what that frees, in bytes, at most.

    `digest` is the image that a reference meant when this was decided, `limit` the bytes of a cache that stay.
    """

    kind: Kind
    what: str
    size: int
    reason: str
    digest: str = ""
    limit: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One thing that stays, and why."""

    kind: Kind
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What goes and what stays."""

    removals: tuple[Removal, ...]
    kept: tuple[Kept, ...]

    @property
    def size(self) -> int:
        """What removing it all frees, in bytes, at most."""
        return sum(removal.size for removal in self.removals)


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A removal that was carried out; `size` is what it freed, in bytes."""

    removal: Removal
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was removed; `refused` are those that stay although they should go, each with the reason; `skipped` those that became needed."""

    done: tuple[Done, ...] = ()
    skipped: tuple[Kept, ...] = ()
    refused: tuple[Kept, ...] = ()

    @property
    def size(self) -> int:
        """What was freed, in bytes."""
        return sum(one.size for one in self.done)
