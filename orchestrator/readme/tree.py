"""Descriptions as files: where each belongs, how what is on disk differs, and bringing it up to date."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.readme.description import Description
from orchestrator.system.files import write_atomically

_NAME = "README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A description and the file that it belongs into."""

    description: Description
    path: Path

    @property
    def current(self) -> str | None:
        """What is on disk now; None where there is no such file. Raises `InvalidFileError` for one that cannot be read."""
        try:
            return self.path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidFileError(f"{self.path}: cannot be read: {error}", mend="make it a readable file") from None

    @property
    def stale(self) -> bool:
        """Whether what is on disk is not what should be."""
        return self.current != self.description.text

    @property
    def diff(self) -> str:
        """Unified diff from what is on disk to what should be; empty when fresh."""
        current = self.current
        return "".join(
            difflib.unified_diff(
                (current or "").splitlines(keepends=True),
                self.description.text.splitlines(keepends=True),
                fromfile=f"a/{self.path}" if current is not None else "/dev/null",
                tofile=f"b/{self.path}",
            )
        )


def placed(descriptions: Sequence[Description], output: Path, *, many: bool) -> tuple[Placed, ...]:
    """Find the file of each: `output` itself.

    Where that is a directory, or `many` are meant, they lie below it like the repositories are called (`arm64v8/python/README.md`).
    """
    below = many or output.is_dir()
    return tuple(
        Placed(description=one, path=output / one.repository / _NAME if below else output) for one in descriptions
    )


def write(files: Sequence[Placed]) -> tuple[Placed, ...]:
    """Write those that are stale, and return them. Raises `EnvironmentFailedError` where that is not possible."""
    stale = tuple(one for one in files if one.stale)
    for one in stale:
        try:
            write_atomically(one.path, one.description.text.encode())
        except OSError as error:
            raise EnvironmentFailedError(
                f"{one.path}: cannot be written: {error.strerror}", mend="give --output a place that can be written"
            ) from None
    return stale
