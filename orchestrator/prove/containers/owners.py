"""Whose a container, a volume or an image of a proof is: what a killed run left behind is found by its label, and removed.

An owner is host, process and the process's start, so that nobody removes what another run still works with.
"""

from __future__ import annotations

import contextlib

import docker
from docker.errors import APIError

from orchestrator.matrix.model import Cell
from orchestrator.system.owners import owner, ownerless

#: Everything that a proof makes carries it; its value is the cell's id.
LABEL = "orchestrator.proof"
OWNER = "orchestrator.owner"
#: Images that a proof makes are named below this.
SCRATCH = "orchestrator.local/proof"


def labels(cell: Cell) -> dict[str, str]:
    """The labels of something that this process makes to prove a cell."""
    return {LABEL: cell.id, OWNER: owner()}


def sweep(client: docker.DockerClient) -> int:
    """Remove what killed runs on this host left behind: containers with their volumes, images; returns how many."""
    swept = 0
    for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        if ownerless(str(container.labels.get(OWNER, ""))):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
                swept += 1
    for image in client.images.list(filters={"reference": f"{SCRATCH}/*"}):
        for tag in image.tags:
            if tag.startswith(f"{SCRATCH}/") and ownerless(from_tag(tag.rpartition(":")[2])):
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
