"""Failures that were captured from the real engine, and the whole way from their bytes to a class."""

from __future__ import annotations

import io
from pathlib import Path

from orchestrator.build.buildx import _Reading
from orchestrator.build.failure import Evidence, FailureClass

FAILURES = Path(__file__).parents[2] / "data" / "failures"


def capture(name: str) -> bytes:
    """What buildx wrote; the file's first line tells what was done."""
    told, _, progress = (FAILURES / f"{name}.txt").read_bytes().partition(b"\n")
    assert told.startswith(b"# ")
    return progress


def evidence(name: str, *, emulated: bool = False, ended: FailureClass | None = None) -> Evidence:
    reading = _Reading(log=io.StringIO(), on_step=lambda _step: None)
    reading.take(list(reading.decoder.feed(capture(name))))
    reading.take(list(reading.decoder.close()))
    reading.finish()
    return reading.evidence(status=1, emulated=emulated, ended=ended)
