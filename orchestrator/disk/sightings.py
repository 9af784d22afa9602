"""Since when an image has been in the engine, as far as `orchestrator prune` has seen.

An engine does not know: what BuildKit dates back (SOURCE_DATE_EPOCH) is old from its first second, by when it was made and by when it was
named (tried with dockerd 26.1 and containerd's store). So the first sighting of each staged image is written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.disk.model import StagedImage
from orchestrator.system.files import write_atomically


def read_sightings(path: Path) -> Mapping[str, datetime]:
    """Map images (`StagedImage.name`) to when they were seen first. A file that is missing or damaged has seen nothing."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = {}
    for name, text in document.items() if isinstance(document, dict) else ():
        try:
            found[str(name)] = datetime.fromisoformat(str(text)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return found


def write_sightings(path: Path, images: Iterable[StagedImage], *, now: datetime) -> None:
    """Write down the images that are there; what is gone is forgotten, and so counts from anew when it comes back."""
    before = read_sightings(path)
    seen = {image.name: before.get(image.name, now).isoformat(timespec="seconds") for image in images}
    write_atomically(path, (json.dumps(seen, indent=1, sort_keys=True) + "\n").encode())
