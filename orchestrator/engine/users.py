"""Who works with the embedded engine right now: a lock that many hold together, given back by the kernel even after kill -9."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


class Use:
    """One process's (or thread's) use of the engine: a shared lock from `__init__` until `release`."""

    def __init__(self, path: Path) -> None:
        """Join the users. Call with the engine's exclusive lock held, so that nobody is just stopping it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle: BinaryIO = path.open("a+b")
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Leave; a second call does nothing."""
        self._handle.close()


def in_use(path: Path) -> bool:
    """Whether any `Use` of this file is alive. Call with the engine's exclusive lock held."""
    if not path.exists():
        return False
    with path.open("a+b") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
