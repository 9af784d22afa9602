"""What the inputs of a build hold, file by file: an image that was made of them has these bytes and no others."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """sha256 (hex) by path: `library` as below Lib/ of the source, `headers` as below Include/, `packages` as below site-packages."""

    library: Mapping[str, str]
    headers: Mapping[str, str]
    packages: Mapping[str, str]


@lru_cache(maxsize=8)
def read_upstream(source: Path, wheels: tuple[Path, ...]) -> Upstream:
    """Read a source tarball and wheels whose checksums have been verified by whoever stored them."""
    library: dict[str, str] = {}
    headers: dict[str, str] = {}
    with tarfile.open(source) as archive:
        for member in archive:
            _, _, path = member.name.partition("/")
            found = library if path.startswith("Lib/") else headers if path.startswith("Include/") else None
            content = archive.extractfile(member) if found is not None and member.isreg() else None
            if found is not None and content is not None:
                found[path.partition("/")[2]] = hashlib.sha256(content.read()).hexdigest()
    packages: dict[str, str] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as files:
            for name in files.namelist():
                if not name.endswith("/"):
                    packages[name] = hashlib.sha256(files.read(name)).hexdigest()
    return Upstream(library=library, headers=headers, packages=packages)
