"""Warning of a disk that fills up, before a build fails of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from orchestrator.engine.checks import Check, Verdict, check_disk
from orchestrator.errors import OrchestratorError
from orchestrator.system.places import Places

Usage = Callable[[Path], tuple[int, int, int]]


def warn_of_disk(
    places: Places,
    data_root: Path | None = None,
    *,
    usage: Usage = shutil.disk_usage,
    freeable: Callable[[], int] | None = None,
) -> Check | None:
    """Warn where fewer than 20 GiB are free for the cache directory or an engine's data root on this host; None where there are more.

    The verdict is that of the worse place, `fail` below 5 GiB. `freeable` tells how many bytes `orchestrator prune` would free; it is
    called only when there is something to warn of, and may raise.
    """
    looks = [(usage(_existing(place))[2], place) for place in (places.cache, data_root) if place is not None]
    check = check_disk("disk", min(looks)[1], usage=usage)
    if check.verdict is Verdict.OK:
        return None
    detail = check.detail
    if freeable is not None:
        try:
            count = freeable()
        except (OrchestratorError, OSError):
            count = 0  # the warning matters more than how much could be gained
        detail += f"; 'orchestrator prune' would free up to {readable(count)}" if count else ""
    return Check(name=check.name, verdict=check.verdict, detail=detail, mend=check.mend)


def readable(count: int) -> str:
    """Write a number of bytes for people: decimal units, as docker does."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def tree_size(directory: Path) -> int:
    """Add up the bytes on disk of all that lies below a directory; links are not followed, what vanishes meanwhile counts nothing."""
    total = 0
    for root, directories, files in os.walk(directory):
        for name in (*directories, *files):
            try:
                total += (Path(root) / name).lstat().st_blocks * 512
            except OSError:
                continue
    return total


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.exists())
