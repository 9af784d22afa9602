"""Whose something is: host, process and the process's start, so that nobody takes away what another run still works with.

Processes that a run starts carry the owner in their environment: after a kill -9 the next run finds and ends them.
"""

from __future__ import annotations

import contextlib
import os
import platform
import signal
from collections.abc import Iterator
from pathlib import Path

#: The variable that the processes of a run carry.
VARIABLE = "ORCHESTRATOR_OWNER"
_PROC = Path("/proc")


def owner(pid: int | None = None) -> str:
    """Name a process of this host; empty for one that does not exist."""
    number = os.getpid() if pid is None else pid
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # A zombie is gone: in a container whose first process does not reap, it stays one for ever.
    return "" if fields[0] in {"Z", "X"} else f"{platform.node()}:{number}:{fields[19]}"


def ownerless(whose: str) -> bool:
    """True when the owner was a process of this host that is gone."""
    host, _, rest = whose.partition(":")
    number = rest.partition(":")[0]
    if host != platform.node() or not number.isdigit():
        return False
    return owner(int(number)) != whose


def orphans(*, proc: Path = _PROC) -> list[int]:
    """Find the processes of this user whose run is gone."""
    return [pid for pid, whose in _owned(proc) if ownerless(whose)]


def end_orphans(*, proc: Path = _PROC) -> int:
    """End the processes of runs that are gone; returns how many."""
    found = orphans(proc=proc)
    for pid in found:
        _kill(pid)
    return len(found)


def end_children(*, proc: Path = _PROC) -> None:
    """KILL every process that carries this process's name as its owner, at once."""
    ours = owner()
    for pid, whose in _owned(proc):
        if whose == ours:
            _kill(pid)


def _owned(proc: Path) -> Iterator[tuple[int, str]]:
    """Give the processes that say whose they are, but this one; those that cannot be read are another user's, or have ended."""
    mark = f"{VARIABLE}=".encode()
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "environ").read_bytes().split(b"\0")
                whose = next((word[len(mark) :] for word in words if word.startswith(mark)), None)
                if whose is not None:
                    yield int(entry.name), whose.decode("utf-8", "replace")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
