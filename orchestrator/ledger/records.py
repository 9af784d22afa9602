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
    """Outcome of one proof; `verdict` is passed, failed, or "not made" where one that it needs had failed."""

    name: str
    verdict: str
    detail: str
    seconds: float

    @property
    def passed(self) -> bool:
        """True only for what has been shown."""
        return self.verdict == "passed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What is known of an attempt when it begins.

    `reference` is what its image will be called, `dockerfile` the text that is built, `ingredients` what the key was made of. `node` names the
    builder, `machine` what its durations are learned for, `tries` counts the attempts at the cell in this run, `setting` says in which way it
    is tried otherwise than usually (empty: it is not).
    """

    cell: str
    key: str
    execution: str
    log: str
    ingredients: Mapping[str, str]
    reference: str = ""
    dockerfile: str = ""
    node: str = ""
    machine: str = ""
    tries: int = 1
    setting: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Seconds that a stage (`build`, `prove`) of a cell took, executed in one way on one machine."""

    cell: str
    stage: str
    emulated: bool
    machine: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt at a cell. `size` is in bytes, `started` ISO 8601 in UTC, `ingredients` what the key was made of.

    `proven_by` names the catalogue of proofs that it last went through; the rest is as in `Start`.
    """

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
    proven_by: str = ""
    node: str = ""
    machine: str = ""
    tries: int = 1
    setting: str = ""
    phases: tuple[PhaseRecord, ...] = ()
    proofs: tuple[ProofRecord, ...] = ()

    @property
    def executed(self) -> str:
        """How it was executed, for people: native, or by which emulator, and whether native tools helped it."""
        helped = self.execution.startswith("emulated") and self.ingredients.get("tools")
        return f"{self.execution}, native tools" if helped else self.execution


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """Proofs of an image that was there already, whoever built it; `ended` is ISO 8601 in UTC."""

    id: int
    run: int
    cell: str
    reference: str
    digest: str
    execution: str
    ended: str
    seconds: float
    proofs: tuple[ProofRecord, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """A run: its command, when it began and ended (ISO 8601, UTC; None: it goes on, or was killed) and its exit code."""

    number: int
    command: str
    started: str
    ended: str | None
    exit_code: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What a run meant to do to a cell that there was something to do for, and what came of it.

    `outcome` is "proven", "failed", "stopped" or "not tried"; empty while the run goes on, or when it was killed. `seconds` are those from the
    cell's beginning to its end.
    """

    run: int
    cell: str
    action: str
    reason: str
    key: str
    attempt: int | None = None
    outcome: str = ""
    failure_class: str = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """When a stage (`build`, `prove`) of a cell ran on which node; times are ISO 8601 in UTC, `failure_class` is empty when it succeeded."""

    run: int
    cell: str
    stage: str
    node: str
    emulated: bool
    started: str
    ended: str
    failure_class: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedReference:
    """A reference that was made to point at a digest by a run; `published` is ISO 8601 in UTC."""

    run: int
    reference: str
    digest: str
    published: str
