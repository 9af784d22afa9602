"""How the docker CLI of the embedded engine is called: its own plugin, the user's logins.

The CLI looks for plugins in its configuration directory, and has no variable of its own for that. So it gets a directory of ours in which
everything but the plugins is a link into the user's: `config.json` with logins and credential helpers stays the user's file, nothing
secret is copied, and `docker login` (which writes through the link) works as ever.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from orchestrator.engine.layout import Layout
from orchestrator.engine.packages import Tree

_PLUGINS = "cli-plugins"
#: Variables that lead a docker CLI to some other engine, or to TLS that a local socket does not speak.
_FOREIGN = (
    "DOCKER_CONTEXT",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
    "BUILDX_BUILDER",
)


def client_environment(layout: Layout, base: Mapping[str, str]) -> dict[str, str]:
    """The whole environment for calls of `docker` against the embedded engine."""
    environment = {name: value for name, value in base.items() if name not in _FOREIGN}
    search = [part for part in base.get("PATH", os.defpath).split(os.pathsep) if part != str(layout.client / "bin")]
    return {
        **environment,
        "DOCKER_HOST": layout.host,
        "DOCKER_CONFIG": str(layout.client),
        "PATH": os.pathsep.join([str(layout.client / "bin"), *search]),
    }


def prepare_client(layout: Layout, tree: Tree, base: Mapping[str, str]) -> None:
    """Make the configuration directory, or bring its links up to date."""
    users = _users_directory(layout, base)
    plugins = layout.client / _PLUGINS
    for directory in (layout.client, plugins, layout.client / "bin"):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = {layout.client / "bin" / "docker": tree.docker, plugins / tree.buildx.name: tree.buildx}
    if users is not None and users.is_dir():
        ours = {_PLUGINS, "bin"}
        wanted.update({layout.client / entry.name: entry for entry in users.iterdir() if entry.name not in ours})
        if (users / _PLUGINS).is_dir():
            wanted.update(
                {
                    plugins / entry.name: entry
                    for entry in (users / _PLUGINS).iterdir()
                    if entry.name != tree.buildx.name
                }
            )
    for directory in (layout.client, plugins):
        for entry in directory.iterdir():
            if entry.is_symlink() and entry not in wanted:
                entry.unlink()
    for link, target in wanted.items():
        _link(link, target)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    if link.exists() and not link.is_symlink():
        return  # written by the CLI while the user had none, a login for example: kept
    with tempfile.TemporaryDirectory(dir=link.parent) as scratch:
        fresh = Path(scratch) / link.name
        fresh.symlink_to(target)
        fresh.replace(link)


def _users_directory(layout: Layout, base: Mapping[str, str]) -> Path | None:
    """Where the user's own configuration is; after `eval $(orchestrator engine env)` the variable names ours, and ours is no answer."""
    given = base.get("DOCKER_CONFIG", "")
    if given and Path(given) != layout.client:
        return Path(given)
    home = base.get("HOME", "")
    return Path(home) / ".docker" if home else None
