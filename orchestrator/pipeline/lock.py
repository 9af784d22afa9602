"""One run at a time: what two would do to the same cells, tags and ledger would be done twice or half. The second waits, or says so and ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.ledger import now
from orchestrator.system.files import is_locked
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress

#: Seconds between two looks at a lock, and between two reminders of what is waited for.
_LOOK, _REMIND = 0.2, 300.0
#: Seconds that a lock may be held by who only asks for it.
_INSTANT = 0.3


@contextlib.contextmanager
def run_lock(places: Places, progress: Progress, *, command: str, wait: bool = True) -> Iterator[int]:
    """Be the only run that uses this state directory. The kernel gives the lock back even after kill -9.

    Yields the open file: a process that is given it holds the lock, too. Without `wait`, raises `EnvironmentFailedError` when another run is alive.
    """
    path = places.run_lock
    handle = _take(path, progress, wait=wait)
    try:
        # A full disk takes away what others are told, not the lock. Written past the buffer: what is kept there would fail once more on closing.
        with contextlib.suppress(OSError):
            said = json.dumps({"pid": os.getpid(), "command": command, "started": now()})
            os.pwrite(handle.fileno(), said.encode(), 0)
        yield handle.fileno()
    finally:
        handle.close()
        _tidy(path)


def _tidy(path: Path) -> None:
    """Take the file's name away, unless somebody holds it: a run that has just begun, or a process that was given the lock and outlives its run.

    Whoever waits on a file whose name is gone takes a new one.
    """
    with contextlib.suppress(OSError), os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC), "r+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _named(handle, path):
            path.unlink(missing_ok=True)


def _take(path: Path, progress: Progress, *, wait: bool) -> BinaryIO:
    reminded, began = -math.inf, time.monotonic()
    while True:
        handle = _open(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _holder(handle)
            handle.close()
            # Who only asks whether a run is alive (`status`) holds the lock for an instant, too.
            if not wait and time.monotonic() - began > _INSTANT:
                raise EnvironmentFailedError(
                    f"another run is at work ({other})",
                    mend="wait for it to end, or leave out --no-wait to have that done",
                ) from None
            if wait and time.monotonic() - reminded >= _REMIND:
                progress.note(f"waiting for another run to end ({other}); --no-wait would give up instead")
                reminded = time.monotonic()
            time.sleep(_LOOK)
        else:
            if _named(handle, path):
                handle.truncate()
                return handle
            handle.close()  # its holder has just ended, and taken the name away


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")
    except OSError as error:
        raise EnvironmentFailedError(
            f"{path}: the run's lock cannot be made: {error.strerror}",
            mend="make its directory writable, or set XDG_STATE_HOME",
        ) from error


def _named(handle: BinaryIO, path: Path) -> bool:
    """True while the file that is held is the one that others find."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _holder(handle: BinaryIO) -> str:
    handle.seek(0)
    try:
        said = json.loads(handle.read() or b"{}")
        return f"{said['command']}, process {said['pid']}, since {said['started'][:19]}"
    except (ValueError, KeyError, TypeError):
        return "it has just started"


def at_work_since(places: Places) -> str | None:
    """Tell since when the run that is alive has been so (ISO 8601, UTC); None when there is none."""
    if not is_locked(places.run_lock):
        return None
    try:
        return str(json.loads(places.run_lock.read_bytes() or b"{}").get("started", ""))
    except (OSError, ValueError, AttributeError):
        return ""
