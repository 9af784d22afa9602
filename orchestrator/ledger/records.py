"""What the ledger remembers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How far an attempt got."""

    RUNNING = "running"
    BUILT = "built"
    PROVEN = "proven"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseRecord:
    """Seconds of one phase."""

    name: str
    seconds: float
    cached: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofRecord:
    """Outcome of one proof."""

    name: str
    passed: bool
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt at a cell. `size` is in bytes, `started` ISO 8601 in UTC, `ingredients` what the key was made of."""

    id: int
    run: int
    cell: str
    key: str
    state: State
    execution: str
    reference: str
    digest: str
    size: int
    started: str
    seconds: float
    log: str
    failure_class: str
    message: str
    ingredients: Mapping[str, str]
    phases: tuple[PhaseRecord, ...] = ()
    proofs: tuple[ProofRecord, ...] = ()
