"""Verdicts kept by the digest of the tools, one JSON file each. A gate that has changed since does not count them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.acceleration.model import Verdict
from orchestrator.system.files import write_atomically
from orchestrator.system.places import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """A verdict, and the fingerprint of the gate that found it."""

    gate: str
    verdict: Verdict


def verdict_of(places: Places, digest: str) -> Verdict | None:
    """Read what this gate found out about tools; None where that is nothing yet, or where the file is damaged or of other tools."""
    path = _file_of(places, digest)
    if path is None:
        return None
    try:
        kept = _shape().validate_json(path.read_bytes(), strict=True, extra="forbid")
    except (OSError, ValidationError):
        return None
    return kept.verdict if kept.gate == fingerprint() and kept.verdict.digest == digest else None


def keep_verdict(places: Places, verdict: Verdict) -> Path:
    """Keep a verdict in the place of an earlier one; returns the file. Raises `OSError`."""
    path = _file_of(places, verdict.digest)
    if path is None:
        raise OSError(f"{verdict.digest!r} is no digest that a file can be called after")
    kept = dataclasses.asdict(_Kept(gate=fingerprint(), verdict=verdict))
    write_atomically(path, json.dumps(kept, indent=1, ensure_ascii=False).encode() + b"\n")
    return path


@cache
def fingerprint(room: Path = Path(__file__).parent) -> str:
    """Hash (sha256, hex) every file that says what is done and how it is compared. Nothing is imported for it."""
    digest = hashlib.sha256()
    for path in sorted(path for path in room.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(str(path.relative_to(room)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _file_of(places: Places, digest: str) -> Path | None:
    name = digest.rpartition(":")[2]
    return places.native_tools / "verdicts" / f"{name}.json" if re.fullmatch(r"[0-9a-z]+", name) else None


@cache
def _shape() -> TypeAdapter[_Kept]:
    return TypeAdapter(_Kept)
