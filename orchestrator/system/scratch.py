"""Directories to work in for a while, and the sweep of those whose owner was killed.

Each holds a lock file beside the files. While we live we hold the lock; the kernel gives it back even after kill -9. So whoever finds
it free knows that the owner is gone. What is handed out is a directory inside: a build takes all of it, and the lock is no part of that.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import EnvironmentFailedError

#: Names of directories made for builds, for proofs, for trying what the kernel runs, for layers on their way to a registry, and for native tools.
CONTEXT, PROOF, PROBE, LAYERS, TOOLS = (
    "orchestrator-context-",
    "orchestrator-proof-",
    "orchestrator-probe-",
    "orchestrator-layers-",
    "orchestrator-tools-",
)
#: Those that a run makes, and the next run sweeps.
OF_RUNS = (CONTEXT, PROOF, PROBE, LAYERS, TOOLS)
_LOCK, _FILES = "lock", "files"
#: Seconds after which a directory without a lock counts as left behind: no build takes so long, and nobody needs a day to take a lock.
_LOCKLESS_SECONDS = 2 * 24 * 3600.0


@contextlib.contextmanager
def scratch(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Give an empty directory to work in below `parent` (default: the system's temporary directory), and remove it at the end.

    Raises `EnvironmentFailedError` where none can be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            remove = functools.partial(shutil.rmtree, made, ignore_errors=True)
            stack.callback(remove)
            # A thread that an interrupt did not wait for never comes to the end of its block: then it goes with the process.
            atexit.register(remove)
            stack.callback(atexit.unregister, remove)
            _take_lock(made, stack)
            files = made / _FILES
            files.mkdir()
        except OSError as error:
            raise EnvironmentFailedError(
                f"{parent or tempfile.gettempdir()}: no directory can be made: {error.strerror}",
                mend="free some space ('orchestrator prune'), or set TMPDIR elsewhere",
            ) from error
        try:
            yield files
        finally:
            # While the lock is held, so that nobody sweeps what is just being removed.
            shutil.rmtree(made, ignore_errors=True)


def dead_scratch(*prefixes: str, parent: Path | None = None) -> list[Path]:
    """Find the directories of this user whose owner is gone; changes nothing."""
    found = []
    for made in _made(prefixes, parent):
        with _owned(made) as ours:
            if ours:
                found.append(made)
    return found


def remove_scratch(made: Path) -> bool:
    """Remove one such directory, if its owner is gone; False when it stays."""
    with _owned(made) as ours:
        if ours:
            shutil.rmtree(made, ignore_errors=True)
        return not made.exists()


def sweep_scratch(*prefixes: str, parent: Path | None = None) -> list[Path]:
    """Remove what killed runs left below `parent`; returns the directories that are gone. One that cannot be removed stays for next time."""
    return [made for made in dead_scratch(*prefixes, parent=parent) if remove_scratch(made)]


def _made(prefixes: tuple[str, ...], parent: Path | None) -> Iterator[Path]:
    root = Path(tempfile.gettempdir()) if parent is None else parent
    with contextlib.suppress(OSError):
        for made in sorted(root.iterdir()):
            if made.name.startswith(prefixes):
                # Anybody may put things into the system's temporary directory: a link, or another user's directory, is not ours.
                with contextlib.suppress(OSError):
                    seen = made.lstat()
                    if stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid():
                        yield made


@contextlib.contextmanager
def _owned(made: Path) -> Iterator[bool]:
    """Take a directory over; yields False while its owner lives (or may live)."""
    try:
        lock: BinaryIO = (made / _LOCK).open("r+b")
    except FileNotFoundError:
        # Its owner is just taking the lock, or it was made before there were locks.
        yield _age(made) > _LOCKLESS_SECONDS
        return
    except OSError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _take_lock(made: Path, stack: contextlib.ExitStack) -> None:
    """Take the lock before it has its name: whoever finds one that is free must not have come in between."""
    early = made / f"{_LOCK}.new"
    fcntl.flock(stack.enter_context(early.open("wb")), fcntl.LOCK_EX)
    early.rename(made / _LOCK)


def _age(made: Path) -> float:
    """Seconds since something was made or removed in a directory; 0 for one that is gone."""
    try:
        return time.time() - made.lstat().st_mtime
    except OSError:
        return 0.0
