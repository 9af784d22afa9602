"""Staging references in the engine: which there are, and taking one away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound

from orchestrator.disk.model import StagedImage
from orchestrator.errors import EnvironmentFailedError

#: As `publish/names.py` makes them. What a proof builds is named otherwise and swept by its owner (`prove/containers/owners.py`).
_STAGED = re.compile(r"orchestrator\.local/[^/:@]+/(?P<cell>[^/:@]+):(?P<key>[0-9a-f]{12})")


def find_images(client: docker.DockerClient) -> tuple[StagedImage, ...]:
    """Find what is staged in an engine, by reference. Raises docker's own errors."""
    found = []
    for summary in client.api.images():
        references = [str(one) for one in summary.get("RepoTags") or ()]
        staged = {one: match for one in references if (match := _STAGED.fullmatch(one))}
        if not staged:
            continue
        digest = str(summary["Id"])
        try:
            tagged = _last_tagged(client.images.get(digest).attrs)
        except ImageNotFound:
            continue  # gone meanwhile
        others = tuple(sorted(one for one in references if one not in staged and one != "<none>:<none>"))
        digests = frozenset(str(one).rpartition("@")[2] for one in summary.get("RepoDigests") or ())
        found += [
            StagedImage(
                reference=reference,
                cell=match["cell"],
                key=match["key"],
                digest=digest,
                size=int(summary.get("Size") or 0),
                tagged=tagged,
                others=others,
                digests=digests,
            )
            for reference, match in staged.items()
        ]
    return tuple(sorted(found, key=lambda one: one.reference))


def remove_image(client: docker.DockerClient, reference: str, digest: str) -> bool:
    """Take a staging reference away, and with the last one the image; False when it means another image by now, or none.

    Raises `EnvironmentFailedError` when the engine refuses: a container was made from it.
    """
    try:
        if str(client.images.get(reference).id) != digest:
            return False
        client.images.remove(reference)
    except ImageNotFound:
        return False
    except APIError as error:
        raise EnvironmentFailedError(f"{reference} stays: {error.explanation or error}") from error
    return True


def _last_tagged(image: Mapping[str, Any]) -> datetime | None:
    """Read when the engine last gave an image a name; the zero of Go's clock means that it does not know.

    Source: https://docs.docker.com/reference/api/engine/, ImageInspect's Metadata.LastTagTime
    """
    text = str((image.get("Metadata") or {}).get("LastTagTime") or "")
    try:
        # Nanoseconds, of which Python takes six digits (and reads the rest away).
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.year > 1970 and time.tzinfo is not None else None
