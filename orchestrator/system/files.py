"""Writing files so that a crash leaves the old content or the new, and taking locks between processes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, InvalidFileError


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write beside, flush to disk, rename over. Parents are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def read_text(path: Path, *, what: str) -> str:
    """Read a UTF-8 file; `what` names it in the error (`InvalidFileError`)."""
    try:
        return path.read_bytes().decode("utf-8")  # as it is: `read_text` would make other ends of lines of its own
    except FileNotFoundError as error:
        raise InvalidFileError(
            f"{path}: this {what} does not exist", mend="check the path, or change into the project's directory"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidFileError(
            f"{path}: byte {error.start} is not UTF-8", mend=f"save the {what} as UTF-8 without a byte order mark"
        ) from error
    except OSError as error:
        raise InvalidFileError(f"{path}: {error.strerror}", mend=f"make the {what} a readable file") from error


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in pieces."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@contextlib.contextmanager
def locked(path: Path, *, what: str, wait: float = 600.0, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on `path` (a file of its own), released even by kill -9.

    Calls `on_wait` once when somebody else holds it. Raises `EnvironmentFailedError` after `wait` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait
    with path.open("a+b") as handle:
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told and on_wait is not None:
                    on_wait()
                told = True
                if time.monotonic() >= deadline:
                    raise EnvironmentFailedError(
                        f"another orchestrator process has held the lock on {what} for {wait:.0f} s ({path})",
                        mend="wait for it to end, or stop it",
                    ) from None
                time.sleep(0.1)
        yield


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the lock on `path`. Asking takes a shared one for an instant, and never makes the file."""
    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
