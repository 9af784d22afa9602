"""The catalogue of proofs by its content: an image that was proven by another one has to be proven again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_PARTS = ("proofs", "probes", "materials")


@cache
def fingerprint(directory: Path = Path(__file__).parent) -> str:
    """Hash (sha256, hex) every file that says what is proven. Nothing is imported: a plan asks this, and has to be quick."""
    digest = hashlib.sha256()
    for part in _PARTS:
        for path in sorted((directory / part).rglob("*.py")):
            digest.update(str(path.relative_to(directory)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
