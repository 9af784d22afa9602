"""A directory on this host as the only place of releases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bump.places.model import Shelf, sorted_shelves
from orchestrator.errors import UsageError
from orchestrator.matrix.model import Line

#: Directories below the one that was named, and files altogether, that are looked at.
_DEPTH, _MOST = 3, 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """Files in `root` and in the directories below it, however they are arranged; names tell what they are.

    `pool` is the directory below a Debian mirror where files that Debian named lie.
    """

    root: Path
    pool: str | None = None

    def shelves(self, line: Line) -> Iterator[Shelf]:
        """Give the shelves of a line, newest first. Raises `UsageError` for what is no directory that can be read."""
        yield from sorted_shelves(
            {path.name: str(path) for path in self.files()}, line, where=str(self.root), pool=self.pool
        )

    def shelf(self, line: Line, number: str) -> Shelf:
        """Give one shelf."""
        found = (shelf for shelf in self.shelves(line) if shelf.number == number)
        return next(found, Shelf(number=number, where=str(self.root)))

    def files(self) -> tuple[Path, ...]:
        """List the files, those nearest to the root last: of two with the same name they are taken. Raises `UsageError`."""
        if not self.root.is_dir():
            raise UsageError(
                f"{self.root} is not a directory", mend="name a directory that holds tarballs and their .asc files"
            )
        found: list[Path] = []
        for directory, below, names in os.walk(self.root):
            depth = len(Path(directory).relative_to(self.root).parts)
            if depth >= _DEPTH:
                below.clear()
            found += [path for name in names if (path := Path(directory) / name).is_file()]
            if len(found) > _MOST:
                raise UsageError(
                    f"{self.root} holds more than {_MOST} files",
                    mend="name a directory that holds tarballs and their .asc files",
                )
        return tuple(sorted(found, key=lambda path: (-len(path.parts), path)))
