"""Native tools for emulated builds: how much there is of them, and which may go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.acceleration.stock import Stocked, judged, stocked
from orchestrator.config.settings import Keep
from orchestrator.disk.model import Kept, Kind, Removal, ToolsOnDisk, VerdictOnDisk
from orchestrator.disk.space import tree_size
from orchestrator.system.places import Places


def find_tools(places: Places) -> tuple[ToolsOnDisk, ...]:
    """Find tools, with the bytes that they take."""
    return tuple(ToolsOnDisk(tools=one, size=tree_size(one.path)) for one in stocked(places))


def find_verdicts(places: Places) -> tuple[VerdictOnDisk, ...]:
    """Find what was found out about tools."""
    return tuple(VerdictOnDisk(verdict=one, size=_size(one.path)) for one in judged(places))


def decide_tools(
    tools: Sequence[ToolsOnDisk], verdicts: Sequence[VerdictOnDisk], keep: Keep, *, now: datetime
) -> Iterator[Removal | Kept]:
    """Decide about tools by when a build last used them, and about verdicts by whether there are such tools."""
    newest = _newest([one.tools for one in tools])
    stay: set[str] = set()
    for one in tools:
        reason = newest.get(one.tools.path) or _young(one.tools, keep, now)
        what = str(one.tools.path)
        if reason:
            stay |= {one.tools.record.digest} if one.tools.record is not None else set()
            yield Kept(kind=Kind.TOOLS, what=what, reason=reason)
        else:
            why = "not used" if one.tools.record is not None else "not whole, and not touched"
            yield Removal(kind=Kind.TOOLS, what=what, size=one.size, reason=f"{why} for {keep.days:g} days")
    for found in verdicts:
        what = str(found.verdict.path)
        if found.verdict.digest in stay:
            yield Kept(kind=Kind.TOOLS, what=what, reason="its tools stay")
        else:
            yield Removal(kind=Kind.TOOLS, what=what, size=found.size, reason="about tools that are not here")


def remove_tools(path: Path) -> None:
    """Remove tools, or a verdict. Raises `FileNotFoundError` when it is gone, `OSError` when it cannot be removed."""
    if path.is_dir():
        # What is half removed must not be taken for whole.
        (path / "record.json").unlink(missing_ok=True)
        shutil.rmtree(path)
    else:
        path.unlink()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _newest(tools: Sequence[Stocked]) -> Mapping[Path, str]:
    """Find what was made last of each kind, and say of which kind it is."""
    found: dict[tuple[str, str, str], tuple[float, Path]] = {}
    for one in tools:
        if one.record is not None:
            kind = (one.record.suite, one.record.target, one.record.host)
            found[kind] = max(found.get(kind, (0.0, one.path)), (one.record.made, one.path))
    return {path: f"the newest of {suite} for {target} on {host}" for (suite, target, host), (_, path) in found.items()}


def _young(one: Stocked, keep: Keep, now: datetime) -> str:
    if now - one.used >= timedelta(days=keep.days):
        return ""
    return f"{'used' if one.record is not None else 'touched'} within {keep.days:g} days"
