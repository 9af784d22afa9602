"""A run as a report tells it. Everything a writer needs is in here: no writer asks the ledger, the disk or the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.contents.model import Contents
from orchestrator.errors import ExitCode

_CODES = {
    ExitCode.DONE: "all done",
    ExitCode.CELLS_FAILED: "some cells failed",
    ExitCode.USAGE: "wrongly called",
    ExitCode.INVALID: "stale or invalid files",
    ExitCode.ENVIRONMENT: "the machine lacks something",
    ExitCode.UNREACHABLE: "an upstream or a registry could not be reached",
    ExitCode.VERIFICATION: "a verification failed",
    ExitCode.INTERRUPTED: "interrupted",
}


#: Commands that hold the lock of runs while they are at work, which tells whether they live.
_LOCKED = frozenset({"build", "nightly", "publish"})


def spoken_end(command: str, code: int | None, *, ended: bool, going: bool) -> str:
    """Put into words how a run went, by its exit code; `going` says that it is known to be alive."""
    if going:
        return "still at work"
    if not ended:
        return "killed before its end" if command in _LOCKED else "killed, or still at work"
    return _CODES[ExitCode(code)] if code in set(ExitCode) else f"exit code {code}"


class CellState(StrEnum):
    """How a cell stands at the end of a run."""

    PROVEN = "proven"
    FAILED = "failed"
    STOPPED = "stopped"
    NOT_TRIED = "not tried"
    RUNNING = "running"
    NEVER = "never built"


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseLine:
    """One phase of a build."""

    name: str
    seconds: float
    cached: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofLine:
    """One proof; `verdict` is "passed", "failed" or "not made"."""

    name: str
    verdict: str
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanLine:
    """A bar of the chart: a stage of a cell on a slot (from 0) of a node."""

    cell: str
    stage: str
    node: str
    slot: int
    emulated: bool
    started: datetime
    ended: datetime
    failure_class: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageChange:
    """A package that differs from the image before; an empty version: it was not, or is no longer, there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One earlier attempt at a cell, for trends; `size` is in bytes, 0 where there is no image."""

    run: int
    started: datetime
    seconds: float
    size: int
    emulated: bool
    state: CellState


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureLine:
    """Why a cell failed, for people: what, the last lines, since when (the first of the failures in a row), and who changed what.

    `changed` are the differences of the key from the last proven attempt, one sentence each; empty where nothing differs. `proven` is when that
    attempt began (None: there is none). `times` counts the failures in a row. `reproduce` is the command, `otherwise` the same without make.
    """

    kind: str
    message: str
    tail: tuple[str, ...]
    since: datetime | None
    since_run: int | None
    changed: tuple[str, ...]
    reproduce: str
    otherwise: str = ""
    proven: datetime | None = None
    proven_run: int | None = None
    times: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class CellReport:
    """A cell at the end of a run. `touched` says that the run did something to it; otherwise its last attempt before is shown.

    `reason` is why it was worked on; `changes` are the differences of the key from the attempt before. `started` is when the attempt began
    (None: there is none), `key` that of its bytes, `seconds` what the build took, `prove_seconds` its proofs. `log` is a path, `log_tail` its end.
    `published` are references in the registry that point at `digest`.
    """

    id: str
    image: str
    line: str
    release: str
    variant: str
    arch: str
    platform: str
    state: CellState
    touched: bool
    action: str
    reason: str
    changes: tuple[str, ...] = ()
    attempt: int | None = None
    executed: str = ""
    node: str = ""
    tries: int = 0
    setting: str = ""
    started: datetime | None = None
    seconds: float = 0.0
    prove_seconds: float = 0.0
    phases: tuple[PhaseLine, ...] = ()
    proofs: tuple[ProofLine, ...] = ()
    digest: str = ""
    size: int = 0
    base: str = ""
    base_digest: str = ""
    log: str = ""
    log_tail: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    contents: Contents | None = None
    package_changes: tuple[PackageChange, ...] = ()
    failure: FailureLine | None = None
    trend: tuple[Point, ...] = ()
    key: str = ""

    @property
    def emulated(self) -> bool:
        """True when it was executed under an emulator."""
        return self.executed.startswith("emulated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A reference that was published, and the digest that it points at."""

    reference: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPoint:
    """An earlier run, for trends; `seconds` is how long it took on the clock."""

    number: int
    started: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """A run. `ended` is None while it goes on, or when it was killed; `code` is then None, too. `cells` are in published order.

    `going` says that it is at work now; `made` is when this was gathered. `history` are runs before it that ended, oldest first.
    """

    number: int
    command: str
    matrix: str
    started: datetime
    ended: datetime | None
    code: int | None
    cells: tuple[CellReport, ...]
    spans: tuple[SpanLine, ...] = ()
    published: tuple[Reference, ...] = ()
    held_back: tuple[tuple[str, str], ...] = ()
    made: datetime | None = None
    going: bool = False
    history: tuple[RunPoint, ...] = ()

    @property
    def verdict(self) -> str:
        """How the run went, in words."""
        said = spoken_end(self.command, self.code, ended=self.ended is not None, going=self.going)
        if self.code == ExitCode.CELLS_FAILED and self.held_back and not self.failed:
            return "some images were not published"
        return said

    @property
    def failed(self) -> tuple[CellReport, ...]:
        """The cells that this run worked on and that are not proven."""
        return tuple(cell for cell in self.cells if cell.touched and cell.state is not CellState.PROVEN)
