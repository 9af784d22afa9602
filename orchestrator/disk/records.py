"""What is kept of images beside the ledger: their contents, and where they come from."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.disk.model import Record
from orchestrator.system.places import Places

#: `contents/<hex>.json` and `attestations/<hex>/`; anything else is not ours.
_NAME = re.compile(r"(?P<hex>[0-9a-f]{64})(?:\.json)?")


def find_records(places: Places) -> tuple[Record, ...]:
    """Find what is kept, by the digest of the image that it is about."""
    return tuple(_found(places.contents)) + tuple(_found(places.state / "attestations"))


def remove_record(path: Path) -> None:
    """Remove one. Raises `FileNotFoundError` when it is gone, `OSError` when it cannot be removed."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _found(directory: Path) -> Iterator[Record]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(directory.iterdir()):
            match = _NAME.fullmatch(path.name)
            if match is None or path.is_symlink():
                continue
            with contextlib.suppress(OSError):
                files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
                yield Record(
                    path=path,
                    digest=f"sha256:{match['hex']}",
                    written=datetime.fromtimestamp(max((one.stat().st_mtime for one in files), default=0.0), UTC),
                    size=sum(one.stat().st_size for one in files),
                )
