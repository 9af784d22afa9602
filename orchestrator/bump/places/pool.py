"""A package's directory in a Debian pool: read from its page, or from the archive's indexes where the mirror shows no pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.bump.places.index import SourceIndexes
from orchestrator.bump.places.model import Shelf, below, sorted_shelves
from orchestrator.bump.places.names import read_name
from orchestrator.bump.places.site import Site
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.matrix.model import Line
from orchestrator.system.progress import Progress


@dataclass(kw_only=True, slots=True)
class Pool:
    """The directory `path` (`pool/main/p/python3.13`) of a Debian mirror. `cache` is a directory in which read indexes are kept."""

    mirror: str
    path: str
    transfer: Transfer
    cache: Path
    progress: Progress
    _files: Mapping[str, str] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """The directory's address."""
        return f"{self.mirror}/{self.path}"

    def shelves(self, line: Line) -> Iterator[Shelf]:
        """Give the shelves of a line, newest first."""
        yield from sorted_shelves(self._listed(), line, where=self.address, pool=self.path)

    def shelf(self, line: Line, number: str) -> Shelf:
        """Give one shelf."""
        found = (shelf for shelf in self.shelves(line) if shelf.number == number)
        return next(found, Shelf(number=number, where=self.address, pool=self.path))

    def _listed(self) -> Mapping[str, str]:
        if self._files is None:
            try:
                names = Site(address=self.address, transfer=self.transfer).names()
            except TransferError as error:
                if not error.refused:
                    raise
                names = ()
            if not any(read_name(name) for name in names):
                self.progress.note(f"{self.address} shows no listing: reading the archive's indexes")
                indexes = SourceIndexes(
                    mirror=self.mirror, transfer=self.transfer, cache=self.cache, progress=self.progress
                )
                names = indexes.files(self.path)
            self._files = {name: below(self.address, name) for name in names if not name.endswith("/")}
        return self._files


def pool_path(address: str) -> tuple[str, str] | None:
    """Split the address of a pool directory into the mirror's address and the path below it; None for another address."""
    mirror, found, rest = address.rstrip("/").partition("/pool/")
    return (mirror, f"pool/{rest}") if found and rest else None
