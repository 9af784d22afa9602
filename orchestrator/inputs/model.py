"""What the input stage hands to a build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredInput:
    """A directory that holds exactly the verified `files` (names, sorted), ready to be a named build context.

    `digest` (`sha256:<hex>`) is that of the one file, or of the list of digests and names where there are several: it changes when, and only
    when, the bytes or names do, so it may go into a cell's key.
    """

    directory: Path
    digest: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A file to have: its name, its sha256 (hex) and the addresses to try in order. `what` names it to a person."""

    what: str
    file: str
    sha256: str
    addresses: tuple[str, ...]
