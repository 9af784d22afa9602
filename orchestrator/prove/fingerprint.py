"""The catalogue of proofs by its content: an image that was proven by another one has to be proven again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def fingerprint(package: Path = Path(__file__).parents[1]) -> str:
    """Hash (sha256, hex) every file that says what is proven. Nothing is imported: a plan asks this, and has to be quick."""
    digest = hashlib.sha256()
    files = [*(package / "prove").rglob("*.py"), *(package / "recipe" / "rules").glob("*.yaml")]
    for path in sorted(files):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
