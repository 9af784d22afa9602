"""The embedded engine's programs: Debian's own packages, unpacked into one tree under the user's cache directory.

A tree is named after the packages and versions in it, unpacked beside and renamed into place: it is there whole or not at all, and
`current.json` says which one is in use. Nothing is installed on the host.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engine.layout import Layout
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.apt import Mirror, fetch_packages, host_mirror, require_apt
from orchestrator.system.files import write_atomically
from orchestrator.system.process import Command, Runner, run
from orchestrator.system.progress import Progress

#: From Debian stable: statically linked, or built against a C library that the host's is new enough for.
FROM_STABLE = ("containerd", "docker-buildx", "docker-cli", "docker.io", "qemu-user", "tini")
#: From the host's own suite: linked against libraries whose names and versions change between suites, so these come along.
FROM_HOST_SUITE = ("iptables", "runc")
#: Never from a tree: the C library belongs to the dynamic loader of the host, and data packages are of no use here.
FROM_HOST = re.compile(
    r"libc6|libc-.*|libgcc-s1|gcc-[0-9]+-base|libcrypt1|netbase|debconf.*|cdebconf|perl.*|dpkg.*|init-.*|install-info"
)

#: Names under which the multi-call binaries of the package iptables are run (its maintainer scripts make these links on a host).
_TOOLS = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")
_VERSIONED = re.compile(r"^(?P<name>[^_]+)_(?P<version>[^_]+)_(?P<architecture>[^_]+)\.deb$")
_UNPACK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """An unpacked set of packages; `versions` maps package names to Debian versions."""

    path: Path
    multiarch: str
    versions: Mapping[str, str]

    @property
    def docker(self) -> Path:
        """The docker CLI."""
        return self.path / "usr" / "bin" / "docker"

    @property
    def buildx(self) -> Path:
        """The buildx plugin of the docker CLI."""
        return self.path / "usr" / "libexec" / "docker" / "cli-plugins" / "docker-buildx"

    @property
    def dockerd(self) -> Path:
        """The engine."""
        return self.path / "usr" / "sbin" / "dockerd"

    def qemu(self, suffix: str) -> Path:
        """The user-mode emulator with this suffix (`aarch64`)."""
        return self.path / "usr" / "bin" / f"qemu-{suffix}"

    def search_path(self, *, backend: str, inherited: str) -> str:
        """PATH with the tree's programs first; `backend` is `nft` or `legacy`, the two ways of iptables into the kernel."""
        own = (self.path / f"iptables-{backend}", self.path / "usr" / "bin", self.path / "usr" / "sbin")
        return os.pathsep.join([*map(str, own), inherited])

    def environment(self, base: Mapping[str, str], *, backend: str = "nft") -> dict[str, str]:
        """The environment in which the tree's programs find each other and their libraries."""
        libraries = self.path / "usr" / "lib" / self.multiarch
        return {
            **base,
            "PATH": self.search_path(backend=backend, inherited=base.get("PATH", os.defpath)),
            "LD_LIBRARY_PATH": str(libraries),
            "XTABLES_LIBDIR": str(libraries / "xtables"),
        }


def current_tree(layout: Layout) -> Tree | None:
    """The tree in use, if one is unpacked whole and was made from today's list of packages."""
    try:
        document: Any = json.loads(layout.current.read_text(encoding="utf-8"))
        path = layout.trees / document["key"]
        tree = Tree(path=path, multiarch=document["multiarch"], versions=dict(document["versions"]))
        known = document["recipe"] == _recipe()
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none yet, or written by another version of this program: unpacked anew
    return tree if known and tree.dockerd.is_file() and tree.buildx.is_file() else None


def ensure_tree(
    layout: Layout, progress: Progress, *, refresh: bool = False, runner: Runner = run, mirror: Mirror | None = None
) -> Tree:
    """Return the unpacked tree, fetching it first if there is none or if `refresh` asks for the mirror's newest. Call with the lock held."""
    tree = current_tree(layout)
    if tree is not None and not refresh:
        return tree
    require_apt(for_what="fetch the embedded engine")
    mirror = host_mirror() if mirror is None else mirror
    layout.root.mkdir(parents=True, exist_ok=True)
    _sweep(layout)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=layout.root) as scratch:
        debs = Path(scratch) / "debs"
        files = [
            *fetch_packages(
                FROM_STABLE,
                suite="stable",
                into=debs,
                state=layout.apt,
                mirror=mirror,
                progress=progress,
                runner=runner,
            ),
            *fetch_packages(
                FROM_HOST_SUITE,
                suite=mirror.codename,
                into=debs,
                state=layout.apt,
                mirror=mirror,
                progress=progress,
                skip=FROM_HOST,
                runner=runner,
            ),
        ]
        return _unpack(layout, sorted(files), Path(scratch) / "tree", runner=runner)


def forget_other_trees(layout: Layout, tree: Tree) -> None:
    """Delete the trees of former versions. Emulators registered from them go on working: the kernel holds them open."""
    for other in layout.trees.iterdir():
        if other != tree.path:
            shutil.rmtree(other, ignore_errors=True)


def _unpack(layout: Layout, files: list[Path], scratch: Path, *, runner: Runner) -> Tree:
    versions = {}
    for file in files:
        match = _VERSIONED.match(file.name)
        if match is None:
            raise EnvironmentFailedError(f"apt fetched a file of an unexpected name: {file.name}", mend="report this")
        versions[match["name"]] = match["version"].replace("%3a", ":")
    key = hashlib.sha256("".join(f"{file.name}\n" for file in files).encode()).hexdigest()[:16]
    path = layout.trees / key
    if not path.is_dir():
        scratch.mkdir()
        for file in files:
            done = runner(Command(argv=("dpkg-deb", "--extract", str(file), str(scratch)), timeout=_UNPACK_SECONDS))
            if not done.ok:
                raise EnvironmentFailedError(
                    f"{file.name} cannot be unpacked: {done.reason}", mend=f"check the free space of {layout.root}"
                )
        _link_tools(scratch)
        layout.trees.mkdir(parents=True, exist_ok=True)
        scratch.replace(path)
    libraries = sorted(found.parent.name for found in path.glob("usr/lib/*/libseccomp.so.2"))
    if not libraries:
        raise EnvironmentFailedError(
            f"the unpacked engine in {path} lacks libseccomp",
            mend="run 'orchestrator engine stop --purge', then start again",
        )
    document = {"key": key, "recipe": _recipe(), "multiarch": libraries[0], "versions": versions}
    write_atomically(layout.current, json.dumps(document, indent=1).encode())
    return Tree(path=path, multiarch=libraries[0], versions=versions)


def _link_tools(tree: Path) -> None:
    for backend in ("nft", "legacy"):
        directory = tree / f"iptables-{backend}"
        directory.mkdir()
        for tool in _TOOLS:
            (directory / tool).symlink_to(f"../usr/sbin/xtables-{backend}-multi")


def _sweep(layout: Layout) -> None:
    """Remove what a killed run left half fetched; the caller holds the lock, so nobody is at work on it."""
    for leftover in layout.root.glob("fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _recipe() -> list[list[str]]:
    """What a tree is made of; another recipe in another version of this program means another tree."""
    return [list(FROM_STABLE), list(FROM_HOST_SUITE), list(_TOOLS)]
