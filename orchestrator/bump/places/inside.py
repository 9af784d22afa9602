"""Which release a tarball says it is: a signature is over the bytes alone, and holds for an old tarball under a new name just as well."""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib
from pathlib import Path

#: Upstream's tarballs have one directory, called like the release.
_TOP = re.compile(r"(?:\./)?Python-([0-9][0-9a-z.]*)(?:/|$)", re.ASCII)


def release_inside(tarball: Path) -> str | None:
    """Give the release that the first entry names; None where it names none, or the file is no tarball. No more than the first entry is unpacked."""
    try:
        with tarfile.open(tarball, mode="r|*") as archive:
            first = archive.next()
    except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError, lzma.LZMAError, zlib.error):
        return None
    found = _TOP.match(first.name) if first is not None else None
    return found[1] if found is not None else None
