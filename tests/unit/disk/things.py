"""Attempts, images and logs for tests, with what does not matter filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.config.settings import Keep
from orchestrator.disk.model import LogFile, StagedImage
from orchestrator.ledger.records import Attempt, State

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEEP = Keep(images=2, logs=2, days=30, cache_gib=20)
CELL = "3.7-slim-stretch-amd64"


def key(number: int) -> str:
    return f"{number:012x}" + 52 * "0"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def attempt(
    number: int, *, days: float, state: State = State.PROVEN, cell: str = CELL, of: int | None = None
) -> Attempt:
    """The attempt of this number, so many days ago; `of` numbers its key and its image (default: as the attempt)."""
    which = number if of is None else of
    return Attempt(
        id=number,
        run=number,
        cell=cell,
        key=key(which),
        state=state,
        execution="native",
        reference=reference(which, cell),
        digest="" if state is State.RUNNING else f"sha256:{cell}{which}",
        size=100,
        started=ago(days).isoformat(timespec="milliseconds"),
        seconds=60.0,
        log=f"/elsewhere/{log_name(number, days, cell)}",
        failure_class="compile error" if state is State.FAILED else "",
        message="",
        ingredients={},
    )


def reference(number: int, cell: str = CELL) -> str:
    return f"orchestrator.local/python/{cell}:{key(number)[:12]}"


def log_name(number: int, days: float, cell: str = CELL) -> str:
    return f"{cell}-{ago(days):%Y%m%dT%H%M%S}-{key(number)[:12]}.log"


def image(
    number: int,
    *,
    days: float | None,
    cell: str = CELL,
    digest: str | None = None,
    others: tuple[str, ...] = (),
    digests: frozenset[str] = frozenset(),
) -> StagedImage:
    return StagedImage(
        reference=reference(number, cell),
        cell=cell,
        key=key(number)[:12],
        digest=f"sha256:{cell}{number}" if digest is None else digest,
        size=100,
        tagged=None if days is None else ago(days),
        others=others,
        digests=digests,
    )


def log(number: int, *, days: float, cell: str = CELL) -> LogFile:
    return LogFile(
        path=Path("/logs") / log_name(number, days, cell), cell=cell, written=ago(days), size=10, proofs=False
    )


def proofs_log(*, days: float, cell: str = CELL) -> LogFile:
    path = Path("/logs") / f"{cell}-{ago(days):%Y%m%dT%H%M%S}-proofs.log"
    return LogFile(path=path, cell=cell, written=ago(days), size=10, proofs=True)
