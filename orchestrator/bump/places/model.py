"""What a place has of a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote

from orchestrator.bump.model import order
from orchestrator.bump.places.names import Kind, Named, read_name
from orchestrator.matrix.model import Line

#: What is taken where a line's own format is not there, in this order.
FORMATS = ("tar.xz", "tgz")


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release that a place has files of. `tarball` and `signature` are addresses or paths, empty where the place has none.

    `pool` is the tarball's path below a Debian mirror, where the place is one. `keys` are addresses or paths beside it that may hold public keys:
    armored files, and Debian's packaging of that release.
    """

    release: str
    format: str
    tarball: str = ""
    signature: str = ""
    pool: str | None = None
    keys: tuple[str, ...] = ()
    where: str = ""

    @property
    def missing(self) -> str:
        """Say what is missing of it; empty for one that is complete."""
        if not self.tarball:
            return f"{self.where} has no tarball of {self.release}"
        return "" if self.signature else f"{self.tarball} has no signature beside it (.asc)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """The files of one release and of the pre-releases that lead to it: `number` is 3.8.0, `files` maps names to addresses or paths.

    `where` names the shelf to people; `pool` is the directory below a Debian mirror that it is, where it is one.
    """

    number: str
    where: str
    files: Mapping[str, str] = field(default_factory=dict)
    pool: str | None = None

    def releases(self, line: Line) -> tuple[Release, ...]:
        """Give what lies there, newest first: the final release (even without a file, unless it has candidates only), and each that has a tarball."""
        named = {name: said for name in self.files if (said := read_name(name)) is not None}
        releases = {said.release for said in named.values() if said.kind is Kind.TARBALL}
        if not self.candidates:
            releases.add(self.number)
        ordered = sorted(releases, key=order, reverse=True)
        return tuple(self._release(release, line.source.url, named) for release in ordered)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The pre-releases, where nothing of the release itself is there (it is not out), newest first."""
        releases = {said.release for name in self.files if (said := read_name(name)) is not None}
        return () if self.number in releases else newest(releases)

    def _release(self, release: str, url: str, named: Mapping[str, Named]) -> Release:
        mine = {name: said for name, said in named.items() if said.release == release}
        tarballs = {said.format: name for name, said in mine.items() if said.kind is Kind.TARBALL}
        own = next((one for one in FORMATS if url.endswith(f".{one}")), FORMATS[0])
        formats = sorted(FORMATS, key=lambda one: one != own)
        signed = [one for one in formats if one in tarballs and f"{tarballs[one]}.asc" in self.files]
        chosen = next(iter(signed or [one for one in formats if one in tarballs]), None)
        packaging = sorted(
            (name for name, said in named.items() if said.kind is Kind.PACKAGING and said.release == release),
            reverse=True,
        )
        others = sorted(name for name in self.files if name.endswith(".asc") and read_name(name) is None)
        keys = tuple(self.files[name] for name in (*packaging[:1], *others))
        if chosen is None:
            signature = next((self.files[name] for name, said in mine.items() if said.kind is Kind.SIGNATURE), "")
            return Release(release=release, format=own, signature=signature, keys=keys, where=self.where)
        name = tarballs[chosen]
        pool = str(PurePosixPath(self.pool) / name) if self.pool is not None and mine[name].debian else None
        return Release(
            release=release,
            format=chosen,
            tarball=self.files[name],
            signature=self.files.get(f"{name}.asc", ""),
            pool=pool,
            keys=keys,
            where=self.where,
        )


class Place(Protocol):
    """Where releases lie. Both methods raise `TransferError` where the place cannot be asked."""

    def shelves(self, line: Line) -> Iterator[Shelf]:
        """Give the shelves of a line, newest first; each is only looked at when it is wanted."""

    def shelf(self, line: Line, number: str) -> Shelf:
        """Give the shelf of one release, empty where there is nothing of it."""


def sorted_shelves(files: Mapping[str, str], line: Line, *, where: str, pool: str | None = None) -> tuple[Shelf, ...]:
    """Sort the files of a flat directory into shelves, newest first."""
    numbers: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    for name, location in files.items():
        if (said := read_name(name)) is None:
            others[name] = location
        elif said.release.startswith(f"{line.name}."):
            numbers.setdefault(said.number, {})[name] = location
    keys = {name: location for name, location in others.items() if name.endswith(".asc")}
    return tuple(
        Shelf(number=number, where=where, files={**keys, **numbers[number]}, pool=pool) for number in newest(numbers)
    )


def newest(releases: Iterable[str]) -> tuple[str, ...]:
    """Order releases, newest first, each once; what is no release is left out."""
    return tuple(sorted({one for one in releases if order(one)}, key=order, reverse=True))


def below(address: str, name: str) -> str:
    """Give the address of a name in a directory."""
    return f"{address.rstrip('/')}/{quote(name, safe='~+')}"


def is_web(location: str) -> bool:
    """Whether it is an address, and no path."""
    return location.startswith(("http://", "https://"))
