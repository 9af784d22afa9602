"""What the inputs hold is read once, by the paths that it is installed under."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from orchestrator.prove.upstream import read_upstream
from tests.unit.prove.images import Entry, link, tar


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_source_and_wheels_are_read(tmp_path: Path) -> None:
    source = tmp_path / "Python-3.7.2.tar.xz"
    source.write_bytes(
        tar(
            {
                "/Python-3.7.2/Lib/os.py": Entry(content=b"os"),
                "/Python-3.7.2/Lib/json/__init__.py": Entry(content=b"json"),
                "/Python-3.7.2/Lib/link.py": link("os.py"),
                "/Python-3.7.2/Include/Python.h": Entry(content=b"h"),
                "/Python-3.7.2/Modules/zlib.c": Entry(content=b"c"),
                "/Python-3.7.2/README": Entry(content=b"r"),
            },
            mode="w:xz",
        )
    )
    wheels = []
    for name in ("pip", "wheel"):
        wheels.append(tmp_path / f"{name}.whl")
        with zipfile.ZipFile(wheels[-1], "w") as archive:
            archive.mkdir(name)
            archive.writestr(f"{name}/__init__.py", name)
    found = read_upstream(source, tuple(wheels))
    assert found.library == {"os.py": sha256(b"os"), "json/__init__.py": sha256(b"json")}
    assert found.headers == {"Python.h": sha256(b"h")}
    assert found.packages == {f"{name}/__init__.py": sha256(name.encode()) for name in ("pip", "wheel")}
    assert read_upstream(source, tuple(wheels)) is found
