"""The logs of cells: what they are called, how old they are."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.disk.model import LogFile

#: `<cell>-<time>-<key>.log` of a build, `<cell>-<time>-proofs.log` of proofs of an image that was there; anything else is not ours.
_NAME = re.compile(r"(?P<cell>.+)-(?P<time>\d{8}T\d{6})-(?P<what>[0-9a-f]{12}|proofs)\.log")


def find_logs(directory: Path) -> tuple[LogFile, ...]:
    """Find the logs of cells in a directory (which need not exist); what has another name, or lies below, is left out."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(directory.iterdir()):
            match = _NAME.fullmatch(path.name)
            if match is None or path.is_symlink() or not path.is_file():
                continue
            try:
                named = datetime.strptime(match["time"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
                seen = path.stat()
            except (ValueError, OSError):  # a month 13; gone meanwhile
                continue
            # Proofs are appended to the log of the build, perhaps much later.
            written = max(named, datetime.fromtimestamp(seen.st_mtime, UTC))
            found.append(
                LogFile(
                    path=path, cell=match["cell"], written=written, size=seen.st_size, proofs=match["what"] == "proofs"
                )
            )
    return tuple(found)
