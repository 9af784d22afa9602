"""What a dead engine leaves behind (processes, mounts) is found through /proc and removed; a pid file alone proves nothing."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from orchestrator.system.process import Command, Runner, run

#: Programs of the engine; clients and emulators from the same tree may be at work for somebody else.
_ENGINE_PROGRAMS = {
    "dockerd",
    "containerd",
    "containerd-shim",
    "containerd-shim-runc-v1",
    "containerd-shim-runc-v2",
    "runc",
    "docker-proxy",
}
_ESCAPED = re.compile(r"\\([0-7]{3})")


def alive(pid: int, *, program: Path, proc: Path = Path("/proc")) -> bool:
    """Whether `pid` runs this very program: after a reboot or a crash the number may belong to anything."""
    try:
        return _executable(pid, proc) == str(program) and _state(pid, proc) != "Z"
    except OSError:
        return False


def engine_processes(trees: Path, *, proc: Path = Path("/proc")) -> list[int]:
    """The engine's own processes: dockerd, containerd, shims, runc, started from any tree below `trees`."""
    found = []
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            path = Path(_executable(pid, proc))
            if path.is_relative_to(trees) and path.name in _ENGINE_PROGRAMS and _state(pid, proc) != "Z":
                found.append(pid)
    return found


def container_processes(data: Path, *, proc: Path = Path("/proc")) -> list[int]:
    """Processes whose root file system is an overlay of snapshots below `data`: containers and build steps of this engine."""
    found = []
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            for line in (
                (proc / str(pid) / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
            ):
                fields = line.split(" ")
                if fields[4] == "/" and f"={data}/" in _plain(fields[-1]):
                    found.append(pid)
                    break
    return found


def mounts_below(directories: Iterable[Path], *, proc: Path = Path("/proc")) -> list[Path]:
    """Mount points at or below the directories, deepest first (and the latest first where several lie on one point)."""
    roots = tuple(directories)
    points = [
        Path(_plain(line.split(" ")[4]))
        for line in (proc / "self" / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    ]
    return sorted(
        (point for point in points if any(point.is_relative_to(root) for root in roots)),
        key=lambda point: len(point.parts),
        reverse=True,
    )


def unmount(points: Iterable[Path], *, runner: Runner = run) -> list[Path]:
    """Unmount, lazily where something still holds on; returns those that stay mounted."""
    stuck = []
    for point in points:
        for options in ((), ("--lazy",)):
            if runner(Command(argv=("umount", *options, str(point)), timeout=20.0)).ok:
                break
        else:
            stuck.append(point)
    return stuck


def end(
    pids: Callable[[], list[int]],
    *,
    grace: float,
    kill: Callable[[int, int], None] = os.kill,
    sleep: Callable[[float], None] = time.sleep,
) -> list[int]:
    """TERM, after `grace` seconds KILL, to the processes that `pids` finds; returns those that are left."""
    for sign, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        left = pids()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                kill(pid, sign)
        waited = 0.0
        while left and waited < seconds:
            sleep(0.1)
            waited += 0.1
            left = pids()
        if not left:
            return []
    return pids()


def _pids(proc: Path) -> list[int]:
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]


def _executable(pid: int, proc: Path) -> str:
    return str((proc / str(pid) / "exe").readlink()).removesuffix(" (deleted)")


def _state(pid: int, proc: Path) -> str:
    return (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[-1].split()[0]


def _plain(text: str) -> str:
    """Undo the kernel's octal escapes of blanks and backslashes."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)
