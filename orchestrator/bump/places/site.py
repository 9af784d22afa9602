"""Releases on a web server: a directory each, as upstream has them, or all in one directory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.bump.places.listing import entries
from orchestrator.bump.places.model import FORMATS, Shelf, below, newest, sorted_shelves
from orchestrator.bump.places.names import number_of
from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.matrix.model import Line


@dataclass(kw_only=True, slots=True)
class Site:
    """The directory at `address`; its page is fetched once. `pool` is its path below a Debian mirror, where it is a directory of one."""

    address: str
    transfer: Transfer
    pool: str | None = None
    _page: tuple[str, ...] | None = field(default=None, init=False)

    def shelves(self, line: Line) -> Iterator[Shelf]:
        """Give the shelves of a line, newest first, each directory asked when it is wanted. Raises `TransferError` where there is no listing."""
        flat = {shelf.number: shelf for shelf in self._flat(line)}
        directories = {name[:-1] for name in self.names() if name.endswith("/") and name.startswith(f"{line.name}.")}
        for number in newest({*flat, *(one for one in directories if number_of(one) == one)}):
            yield self._directory(number) if number in directories else flat[number]

    def shelf(self, line: Line, number: str) -> Shelf:
        """Give one shelf, also where the site shows no listing."""
        with contextlib.suppress(TransferError):  # whoever cannot list may still deliver
            for shelf in self._flat(line):
                if shelf.number == number:
                    return shelf
        return self._directory(number)

    def names(self) -> tuple[str, ...]:
        """List the directory. Raises `TransferError`."""
        if self._page is None:
            self._page = _list(self.transfer, self.address)
        return self._page

    def _flat(self, line: Line) -> tuple[Shelf, ...]:
        files = {name: below(self.address, name) for name in self.names() if not name.endswith("/")}
        return sorted_shelves(files, line, where=self.address, pool=self.pool)

    def _directory(self, number: str) -> Shelf:
        address = f"{self.address.rstrip('/')}/{number}"
        try:
            names = _list(self.transfer, address)
        except TransferError as error:
            if not error.refused:
                raise
            return Shelf(number=number, where=address, files=self._probed(address, number))
        return Shelf(number=number, where=address, files={name: below(address, name) for name in names})

    def _probed(self, address: str, number: str) -> dict[str, str]:
        """Ask for the names that a release has to have, where the server shows no page of a directory."""
        found = {}
        for name in (f"Python-{number}.{one}{ending}" for one in FORMATS for ending in ("", ".asc")):
            try:
                self.transfer.look(below(address, name))
            except TransferError as error:
                if not error.refused:
                    raise
            else:
                found[name] = below(address, name)
        return found


def _list(transfer: Transfer, address: str) -> tuple[str, ...]:
    """The names on a directory's page."""
    got = transfer.document(f"{address.rstrip('/')}/")
    return entries(got.body.decode("utf-8", "replace"), got.address)
