"""Where the bytes of an upstream tarball may lie."""

from __future__ import annotations

from orchestrator.matrix.model import Source
from orchestrator.system.apt_sources import Mirror


def source_addresses(source: Source, mirror: Mirror | None) -> tuple[str, ...]:
    """List the addresses in the order to try: the Debian pool on the host's own mirror (near, cached), then upstream.

    Both hold the same bytes, and the checksum decides anyway. Without a mirror (`None`) only upstream is left.
    """
    near = (f"{mirror.url}/{source.pool}",) if mirror is not None and source.pool is not None else ()
    return (*near, source.url)
