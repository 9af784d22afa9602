"""Saved images that hold captured files, and the contents that are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.contents.model import Contents
from orchestrator.contents.reading import contents_of
from orchestrator.matrix.model import Line
from orchestrator.prove.survey.archive import Saved, read_archive
from tests.unit.prove.archives import Layout
from tests.unit.prove.images import CELLS, Entry, link, tar

DATA = Path(__file__).resolve().parents[2] / "data" / "contents"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
LINE: Line = CELLS["3.9-slim-bullseye-amd64"].image.line
SITE = "/usr/local/lib/python3.9/site-packages"
CONFIG: Mapping[str, Any] = {
    "os": "linux",
    "architecture": "amd64",
    "created": "2025-08-09T09:16:30.123456789Z",
    "config": {"Env": ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8", "EMPTY="], "Cmd": ["python3"]},
    "history": [
        {"created_by": "bootstrap of debian:bullseye-slim"},
        {"created_by": "ENV PATH=/usr/local/bin:/usr/bin", "empty_layer": True},
        {"created_by": "COPY /usr/local /usr/local # buildkit"},
    ],
}


def captured(name: str) -> bytes:
    return (DATA / f"{name}.txt").read_bytes()


def debian() -> dict[str, Entry]:
    """Some packages of a Debian image, with the copyright files of those that brought one."""
    documents = ("zlib1g", "netbase", "tzdata", "libcap-ng0", "libxxhash0")
    return {
        "/var/lib/dpkg/status": Entry(content=captured("dpkg-status")),
        "/usr/lib/os-release": Entry(content=captured("os-release")),
        "/etc/os-release": link("../usr/lib/os-release"),
        **{f"/usr/share/doc/{name}/copyright": Entry(content=captured(f"copyright-{name}")) for name in documents},
        "/usr/share/doc/libgcc-s1": link("gcc-10-base"),
        "/usr/share/doc/gcc-10-base/copyright": Entry(content=captured("copyright-libcap-ng0")),
    }


def python() -> dict[str, Entry]:
    """Python distributions, one of each kind that installers leave."""
    return {
        f"{SITE}/wheel-0.32.3.dist-info/METADATA": Entry(content=captured("METADATA-wheel")),
        f"{SITE}/setuptools-53.0.0.dist-info/METADATA": Entry(content=captured("METADATA-setuptools")),
        f"{SITE}/old.egg-info": Entry(content=b"Metadata-Version: 1.0\nName: Old_Thing\nVersion: 1\nLicense: GPLv2+\n"),
        f"{SITE}/tree.egg-info/PKG-INFO": Entry(content=b"Metadata-Version: 1.0\nName: tree\nVersion: 2\n"),
        f"{SITE}/tree.egg-info/SOURCES.txt": Entry(content=b"Name: wrong\nVersion: 0\n"),
        f"{SITE}/nameless-1.dist-info/METADATA": Entry(content=b"Metadata-Version: 2.1\nVersion: 1\n"),
    }


def saved(*layers: Mapping[str, Entry], config: Mapping[str, Any] = CONFIG) -> Saved:
    layout = Layout()
    layout.top = [layout.image(config, [tar(one) for one in layers])]
    return read_archive([layout.archive()], platform="linux/amd64")


def read(*layers: Mapping[str, Entry], config: Mapping[str, Any] = CONFIG) -> Contents:
    return contents_of(saved(*layers, config=config), digest=DIGEST, line=LINE)
