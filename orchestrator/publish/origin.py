"""Where a recipe comes from, as git knows it: the address of the repository and the commit that last changed the Dockerfile."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from orchestrator.matrix.model import Image
from orchestrator.publish.model import Provenance
from orchestrator.system.process import Command, Runner, run

#: `git@host:path`, which is no address: https://git-scm.com/docs/git-clone#_git_urls
_SCP = re.compile(r"^(?:[^@/]+@)?([A-Za-z0-9.-]+):(?!//)(.+)$")


def origin_of(root: Path, image: Image, *, source: str | None = None, runner: Runner = run) -> Provenance:
    """Ask git about an image's directory below `root`. What it does not know, or has not committed as it is, is left empty.

    `source` is the address to name instead of that of git's remote.
    """
    path = f"{image.directory}/Dockerfile"
    version = image.line.release
    git = shutil.which("git")
    if git is None:
        return Provenance(source=source or "", version=version)

    def ask(*words: str) -> str:
        ended = runner(Command(argv=(git, "-C", str(root), *words), timeout=20.0))
        return ended.stdout.decode("utf-8", "replace").strip() if ended.ok else "?"

    if ask("status", "--porcelain", "--", path) != "":
        return Provenance(source=source or "", version=version)
    revision = ask("log", "-1", "--format=%H", "--", path)
    address = source or web_address(ask("config", "--get", "remote.origin.url"))
    return Provenance(
        source=address,
        revision=revision if re.fullmatch(r"[0-9a-f]{40,64}", revision) else "",
        version=version,
    )


def web_address(remote: str) -> str:
    """Give the address that people open, of a remote's: names and passwords never get into it. Empty for a path on this machine."""
    if found := _SCP.match(remote):
        remote = f"https://{found[1]}/{found[2]}"
    parts = urlsplit(remote)
    if parts.scheme not in {"http", "https", "ssh", "git"} or not parts.hostname:
        return ""
    web = parts.scheme in {"http", "https"}
    host = f"{parts.hostname}:{parts.port}" if web and parts.port else parts.hostname
    return urlunsplit((parts.scheme if web else "https", host, parts.path.removesuffix(".git"), "", ""))
