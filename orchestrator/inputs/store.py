"""The store of verified files on this host: `sha256/<hex>/<file name>` below one root.

Every directory below `sha256` and `sets` holds exactly what its name says, so it can be handed to a build as it is; locks and unfinished
files lie elsewhere. A file is hashed again at each use: that costs tens of milliseconds for a source tarball, and no record can go stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.files import locked, sha256_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """Files by digest below `root`, shared by all processes of one user."""

    root: Path

    def path(self, sha256: str, file: str) -> Path:
        """Where a file lies, or would lie."""
        return self.root / "sha256" / sha256 / file

    def part(self, sha256: str) -> Path:
        """Where its unfinished download lies."""
        return self.root / "partial" / f"{sha256}.part"

    @contextlib.contextmanager
    def lock(self, sha256: str, *, what: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Keep other processes and threads from fetching the same file."""
        with locked(self.root / "locks" / sha256, what=what, on_wait=on_wait):
            yield

    def find(self, sha256: str, file: str) -> Path | None:
        """Return the stored file if its bytes are still right; a damaged one is removed."""
        path = self.path(sha256, file)
        if not path.is_file():
            return None
        if sha256_of(path) == sha256 and {entry.name for entry in path.parent.iterdir()} == {file}:
            return path
        shutil.rmtree(path.parent)
        return None

    def find_any(self, sha256: str) -> Path | None:
        """Return the stored file with this digest, whatever it is called, if its bytes are still right."""
        directory = self.root / "sha256" / sha256
        names = [entry.name for entry in directory.iterdir()] if directory.is_dir() else []
        return self.find(sha256, names[0]) if len(names) == 1 else None

    def adopt(self, finished: Path, sha256: str, file: str) -> Path:
        """Move a verified file of the same file system to its place, where it appears at once or not at all."""
        path = self.path(sha256, file)
        if path.parent.exists():
            shutil.rmtree(path.parent)
        with self.building(path.parent) as directory:
            finished.chmod(0o644)
            finished.replace(directory / file)
        return path

    def collect(self, members: Sequence[tuple[str, str]]) -> tuple[Path, str]:
        """Make a directory of stored files, given as (sha256, name); return it with the set's digest (hex).

        The caller has seen to it that every member is in the store.
        """
        listing = "".join(f"{sha256}  {file}\n" for sha256, file in sorted(members, key=lambda member: member[1]))
        digest = hashlib.sha256(listing.encode()).hexdigest()
        directory = self.root / "sets" / digest
        wanted = {file: sha256 for sha256, file in members}
        with self.lock(f"set-{digest}", what="a set of inputs"):
            if directory.is_dir():
                if {entry.name: sha256_of(entry) for entry in directory.iterdir()} == wanted:
                    return directory, digest
                shutil.rmtree(directory)
            with self.building(directory) as new:
                for sha256, file in members:
                    shutil.copyfile(self.path(sha256, file), new / file)
                    (new / file).chmod(0o644)
        return directory, digest

    @contextlib.contextmanager
    def building(self, directory: Path) -> Iterator[Path]:
        """Give a directory to fill that becomes `directory` when the block ends well, and vanishes when it does not."""
        with self.scratch() as scratch:
            new = scratch / "new"
            new.mkdir()
            yield new
            directory.parent.mkdir(parents=True, exist_ok=True)
            new.rename(directory)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty directory on the store's file system, removed afterwards."""
        partial = self.root / "partial"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            for left in partial.glob("*.scratch-*"):
                if not Path("/proc", left.name.split(".")[0]).exists():  # its process was killed
                    shutil.rmtree(left, ignore_errors=True)
            made = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.scratch-", dir=partial))
        except OSError as error:
            raise EnvironmentFailedError(
                f"{partial} cannot be written: {error.strerror}",
                mend="make it writable, or set XDG_CACHE_HOME to a place that is",
            ) from error
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
