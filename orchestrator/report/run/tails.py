"""The last lines of logs, made fit to be shown: no control sequences, no endless lines, nothing where a log was pruned."""

from __future__ import annotations

from pathlib import Path

from orchestrator.report.wording import harmless

_BYTES = 32 * 1024
_WIDTH = 500


def tail_of(path: str, *, lines: int) -> tuple[str, ...]:
    """Read the last lines of a log; empty when it is gone or cannot be read."""
    if not path:
        return ()
    try:
        with Path(path).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - _BYTES))
            data = log.read()
    except OSError:
        return ()
    found = data.decode("utf-8", "replace").splitlines()
    if size > _BYTES:
        # The first of them is cut in the middle.
        found = found[1:]
    cleaned = [shown(line) for line in found]
    return tuple(line for line in cleaned if line.strip())[-lines:]


def shown(line: str) -> str:
    """Take what a terminal would obey out of a line, and its end when it is very long."""
    line = harmless(line.rstrip())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
