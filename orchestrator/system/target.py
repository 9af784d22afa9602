"""A file that a command brings up to date: what is there, what should be, and writing it."""

from __future__ import annotations

import difflib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, InvalidFileError, UsageError
from orchestrator.system.files import read_text, write_atomically


def place(output: str, inside: Path) -> Path:
    """Give the path that `--output` means: itself; `inside` it where it is a directory, or has a slash at its end."""
    return Path(output) / inside if output.endswith("/") or os.path.isdir(output) else Path(output)  # noqa: PTH112 - never raises


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A file by its path, and the text that it should have."""

    path: Path
    text: str

    @property
    def current(self) -> str | None:
        """The text on disk; None where there is no such file.

        Raises `UsageError` for what is no regular file (a pipe, a device: reading them may never end, and writing would put a file in their place),
        `InvalidFileError` for a file that cannot be read as text.
        """
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidFileError(
                f"{self.path}: cannot be read: {error.strerror}", mend="name another file: --output PATH"
            ) from None
        if not stat.S_ISREG(mode):
            raise UsageError(
                f"--output {self.path} is no regular file", mend="name another one; without --output it goes to stdout"
            )
        return read_text(self.path, what="file")

    @property
    def stale(self) -> bool:
        """Whether what is on disk is not what should be."""
        return self.current != self.text

    @property
    def diff(self) -> str:
        """Unified diff from what is on disk to what should be; empty when fresh."""
        current = self.current
        return "".join(
            difflib.unified_diff(
                (current or "").splitlines(keepends=True),
                self.text.splitlines(keepends=True),
                fromfile=f"a/{self.path}" if current is not None else "/dev/null",
                tofile=f"b/{self.path}",
            )
        )

    def write(self) -> None:
        """Write it; a link stays a link. Raises `EnvironmentFailedError` where that is not possible."""
        try:
            write_atomically(Path(os.path.realpath(self.path)), self.text.encode())
        except OSError as error:
            raise EnvironmentFailedError(
                f"{self.path}: cannot be written: {error.strerror}",
                mend="free some space, or give --output a place that can be written",
            ) from None
