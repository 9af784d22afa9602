"""Which place has the releases of a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.bump.places.model import Place
from orchestrator.bump.places.offline import Directory
from orchestrator.bump.places.pool import Pool, pool_path
from orchestrator.bump.places.site import Site
from orchestrator.errors import UsageError
from orchestrator.inputs.transfer import Transfer
from orchestrator.matrix.model import Line
from orchestrator.system.apt_sources import Mirror
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A place, its name to people, and the release site whose keys may be asked for (empty: none)."""

    place: Place
    name: str
    site: str = ""


def site_of(line: Line) -> str:
    """The address of the release site, of which every release is a directory."""
    return line.source.url.rsplit("/", 2)[0]


def open_place(
    line: Line,
    *,
    transfer: Transfer,
    cache: Path,
    progress: Progress,
    mirror: Mirror | None,
    site: str | None = None,
    offline: Path | None = None,
) -> Opened:
    """Open the place that the user named, else the pool that the line takes its source from, else the release site.

    `cache` keeps what was read of a pool's indexes. Raises `UsageError` for what is no address.
    """
    directory = None if line.source.pool is None else str(PurePosixPath(line.source.pool).parent)
    if offline is not None:
        return Opened(place=Directory(root=offline, pool=directory), name=str(offline))
    if site is None and directory is not None and mirror is not None:
        pool = Pool(mirror=mirror.url, path=directory, transfer=transfer, cache=cache, progress=progress)
        return Opened(place=pool, name=pool.address, site=site_of(line))
    address = (site_of(line) if site is None else site).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise UsageError(
            f"{address} is not the address of a release site",
            mend="give one that begins with https:// or http://; a directory on this host is given with --offline",
        )
    split = pool_path(address)
    if split is not None:
        there = Pool(mirror=split[0], path=split[1], transfer=transfer, cache=cache, progress=progress)
        return Opened(place=there, name=address)
    return Opened(place=Site(address=address, transfer=transfer), name=address, site=address)
