"""The native tools that lie on this disk, and the verdicts about them, as `doctor` and `prune` see them: read only, never an error."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.acceleration.shelf import Record, Shelf
from orchestrator.system.places import Places

_IDENTITY = re.compile(r"[0-9a-f]{64}")
_VERDICT = re.compile(r"(?P<hex>[0-9a-f]{64})\.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stocked:
    """Tools with their record, None for what was never finished or is damaged; `used` is when a build last asked for them, else when they were touched."""

    path: Path
    record: Record | None
    used: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A verdict about the tools with this digest (`sha256:...`); what it says is for `gate/verdicts.py` to read."""

    path: Path
    digest: str


def stocked(places: Places) -> tuple[Stocked, ...]:
    """Find the tools, in the order of their directories' names."""
    return tuple(_tools(places.native_tools))


def judged(places: Places) -> tuple[Judged, ...]:
    """Find the verdicts."""
    return tuple(_verdicts(places.native_tools / "verdicts"))


def _tools(root: Path) -> Iterator[Stocked]:
    shelf = Shelf(root=root)
    for path in _entries(root):
        if _IDENTITY.fullmatch(path.name) is None or path.is_symlink() or not path.is_dir():
            continue
        with contextlib.suppress(OSError, OverflowError):  # gone meanwhile; a time that is none
            record = shelf.read(path.name)
            used = path.stat().st_mtime if record is None else max(record.made, record.used)
            yield Stocked(path=path, record=record, used=datetime.fromtimestamp(used, UTC))


def _verdicts(directory: Path) -> Iterator[Judged]:
    for path in _entries(directory):
        match = _VERDICT.fullmatch(path.name)
        if match is not None and path.is_file() and not path.is_symlink():
            yield Judged(path=path, digest=f"sha256:{match['hex']}")


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
