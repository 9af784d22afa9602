"""Contents kept by the image's digest, one JSON file each, below the state directory."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.contents.model import Contents
from orchestrator.system.files import write_atomically
from orchestrator.system.places import Places


def write_contents(places: Places, contents: Contents) -> Path:
    """Keep contents under their digest, in the place of what was there; returns the file. Raises `OSError`."""
    path = file_of(places, contents.digest)
    if path is None:
        raise OSError(f"{contents.digest!r} is no digest that a file can be called after")
    write_atomically(path, json.dumps(dataclasses.asdict(contents), indent=1).encode() + b"\n")
    return path


def read_contents(places: Places, digest: str) -> Contents | None:
    """Read what was kept of an image; None where nothing was, or where the file is damaged, of another form or of another image."""
    path = file_of(places, digest)
    if path is None:
        return None
    try:
        found = _shape().validate_json(path.read_bytes(), strict=True, extra="forbid")
    except (OSError, ValidationError):
        return None
    return found if found.digest == digest else None


def file_of(places: Places, digest: str) -> Path | None:
    """Name the file of an image's contents, whether it is there or not; None for what is no digest."""
    name = digest.rpartition(":")[2]
    return places.contents / f"{name}.json" if re.fullmatch(r"[0-9a-z]+", name) else None


@cache
def _shape() -> TypeAdapter[Contents]:
    return TypeAdapter(Contents)
