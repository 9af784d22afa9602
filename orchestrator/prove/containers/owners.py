"""Whose a container, a volume or an image of a proof is: what a killed run left behind is found by its label, and removed.

An owner is host, process and the process's start, so that nobody removes what another run still works with.
"""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

import docker
from docker.errors import APIError

from orchestrator.matrix.model import Cell

#: Everything that a proof makes carries it; its value is the cell's id.
LABEL = "orchestrator.proof"
OWNER = "orchestrator.owner"
#: Images that a proof makes are named below this.
SCRATCH = "orchestrator.local/proof"


def labels(cell: Cell) -> dict[str, str]:
    """The labels of something that this process makes to prove a cell."""
    return {LABEL: cell.id, OWNER: owner()}


def owner(pid: int | None = None) -> str:
    """Name a process of this host; empty for one that does not exist."""
    number = os.getpid() if pid is None else pid
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return f"{platform.node()}:{number}:{stat.rpartition(')')[2].split()[19]}"


def sweep(client: docker.DockerClient) -> int:
    """Remove what killed runs on this host left behind: containers with their volumes, images; returns how many."""
    swept = 0
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        if _ownerless(str(container.labels.get(OWNER, ""))):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
                swept += 1
    for image in client.images.list(filters={"reference": f"{SCRATCH}/*"}):
        for tag in image.tags:
            if tag.startswith(f"{SCRATCH}/") and _ownerless(from_tag(tag.rpartition(":")[2])):
                with contextlib.suppress(APIError):
                    client.images.remove(tag, force=True)
                    swept += 1
    return swept


def scratch_reference(cell: Cell, word: str) -> str:
    """Name an image that this process makes to prove a cell; the tag says whose it is."""
    return f"{SCRATCH}/{cell.id}-{word}:{owner().replace(':', '_')}"


def from_tag(tag: str) -> str:
    """Read the owner out of a scratch image's tag; empty where there is none."""
    parts = tag.rsplit("_", 2)
    return ":".join(parts) if len(parts) == 3 else ""


def _ownerless(whose: str) -> bool:
    host, _, rest = whose.partition(":")
    number = rest.partition(":")[0]
    if host != platform.node() or not number.isdigit():
        return False
    return owner(int(number)) != whose
