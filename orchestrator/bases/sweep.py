"""Clearing away what a killed run left behind: its processes, its mounts, its directory. Only ever below our own scratch directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Command, Runner
from orchestrator.system.progress import Progress

_PROC = Path("/proc")


@contextlib.contextmanager
def scratch_directory(parent: Path, *, runner: Runner, progress: Progress) -> Iterator[Path]:
    """Give a directory to work in, and clear it away at the end; one that cannot be cleared is told, and tried again next time.

    While we live we hold a lock beside it; whoever finds the lock free knows that its owner is gone.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="base-", dir=parent))
    except OSError as error:
        raise EnvironmentFailedError(
            f"{parent} cannot be written: {error.strerror}", mend="make it writable, or set XDG_CACHE_HOME elsewhere"
        ) from error
    with _lock_of(made).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            made.chmod(0o755)  # mmdebstrap's user namespace and apt's sandbox user have to get through
            yield made
        finally:
            if not clear(made, runner=runner):
                progress.warn(f"{made} could not be removed; the next run tries again")


def sweep(parent: Path, *, runner: Runner, progress: Progress) -> None:
    """Clear away what runs that are gone left below `parent`."""
    for made in sorted(parent.glob("base-*")):
        if made.suffix == ".lock" or not made.is_dir():
            continue
        with _lock_of(made).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if time.time() - made.stat().st_mtime < 2 and not any(made.iterdir()):
                continue  # just made, its lock not yet taken
            progress.note(f"clearing away what an interrupted bootstrap left in {made}")
            if not clear(made, runner=runner):
                progress.warn(f"{made} could not be removed; the next run tries again")


def clear(made: Path, *, runner: Runner, proc: Path = _PROC) -> bool:
    """End the processes that work in a scratch directory, unmount what they mounted, remove it; False when something stays."""
    for _ in range(50):
        left = processes_in(made, proc=proc)
        if not left:
            break
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.1)
    for mount in mounts_below(made, proc=proc):
        runner(Command(argv=("umount", "--lazy", str(mount))))
    if mounts_below(made, proc=proc):
        return False  # removing files now would reach through the mount
    shutil.rmtree(made, ignore_errors=True)
    if made.exists():
        return False
    _lock_of(made).unlink(missing_ok=True)
    return True


def processes_in(made: Path, *, proc: Path = _PROC) -> list[int]:
    """Find processes that were started for this directory (it is their TMPDIR) or have it as their root."""
    found = []
    name = os.fsencode(made)
    mark = re.compile(rb"(?:^|\0)TMPDIR=" + re.escape(name) + rb"(?:/[^\0]*)?(?:\0|$)")
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                root = (entry / "root").readlink()
                if root.is_relative_to(made) or mark.search((entry / "environ").read_bytes()):
                    found.append(int(entry.name))
    return found


def mounts_below(made: Path, *, proc: Path = _PROC) -> list[Path]:
    """Find mount points below a directory, innermost first. Source: proc_pid_mountinfo(5)."""
    found = []
    for line in (proc / "self" / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]))
            if point.is_relative_to(made):
                found.append(point)
    return sorted(found, key=lambda point: len(point.parts), reverse=True)


def _lock_of(made: Path) -> Path:
    return made.with_name(f"{made.name}.lock")
