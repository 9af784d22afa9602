"""Where a recipe comes from, as git knows it: the address of the repository and the commit that last changed the Dockerfile."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Image
from orchestrator.publish.model import Provenance
from orchestrator.system.git import Git
from orchestrator.system.process import Runner, run

#: `git@host:path`, which is no address: https://git-scm.com/docs/git-clone#_git_urls
_SCP = re.compile(r"^(?:[^@/]+@)?([A-Za-z0-9.-]+):(?!//)(.+)$")


def origin_of(root: Path, image: Image, *, source: str | None = None, runner: Runner = run) -> Provenance:
    """Ask git about an image's directory below `root`. What it does not know, or has not committed as it is, is left empty.

    `source` is the address to name instead of that of git's remote.
    """
    path = f"{image.directory}/Dockerfile"
    nothing = Provenance(source=source or "", version=image.line.release)
    git = Git(root=root, runner=runner)
    try:
        if git.changed((path,)):
            return nothing
        commits = git.last_commits((path,))
        address = source or web_address(git.remote())
    except EnvironmentFailedError:
        return nothing
    return Provenance(source=address, revision=commits.get(path, ""), version=image.line.release)


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
