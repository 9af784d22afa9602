"""A ledger with a past, told by real calls: runs, what they meant to do, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import PhaseRecord, ProofRecord, Span, Start, Visit
from orchestrator.matrix.model import Cell, Matrix

PHASES = (
    PhaseRecord(name="packages", seconds=8.25, cached=False),
    PhaseRecord(name="configure", seconds=12.5, cached=False),
    PhaseRecord(name="compile", seconds=60.0, cached=True),
    PhaseRecord(name="install", seconds=5.0, cached=False),
)
PROOFS = (
    ProofRecord(name="architecture/machine", verdict="passed", detail="aarch64", seconds=0.1),
    ProofRecord(name="interpreter/version", verdict="passed", detail="3.7.2", seconds=0.2),
)
BROKEN = (
    PROOFS[0],
    ProofRecord(name="interpreter/version", verdict="failed", detail="3.7.1, expected 3.7.2", seconds=0.2),
    ProofRecord(name="pip/install", verdict="not made", detail="interpreter/version failed", seconds=0.0),
)
COMPILE = "[build 5/9] RUN make -j 2"


class Past:
    """Writes what happened, in the order that it did. `day` is the day of November 2026 on which the current run is."""

    def __init__(self, ledger: Ledger, matrix: Matrix, logs: Path) -> None:
        self.ledger = ledger
        self.chronicle = Chronicle(ledger)
        self.cells = {cell.id: cell for cell in matrix.cells}
        self.logs = logs
        self.run = 0
        self.day = 0

    def begin(self, command: str = "nightly", *, day: int) -> int:
        self.day = day
        self.run = self.ledger.start_run(command)
        self._set("runs", f"started = '{self.time(0)}'", self.run)
        return self.run

    def end(self, code: int, *, minutes: int = 60) -> None:
        self.ledger.end_run(self.run, code)
        self._set("runs", f"ended = '{self.time(minutes)}'", self.run)

    def time(self, minutes: int) -> str:
        return f"2026-11-{self.day:02}T{3 + minutes // 60:02}:{minutes % 60:02}:00.000+00:00"

    def intend(self, cells: Iterable[str], *, action: str = "build", reason: str = "the base moved") -> None:
        self.chronicle.intend(
            [Visit(run=self.run, cell=cell, action=action, reason=reason, key=f"key{self.run}") for cell in cells]
        )

    def attempt(
        self,
        cell: str,
        *,
        base: str = "sha256:b1",
        tries: int = 1,
        dockerfile: str = "FROM x\n",
        log: str | None = None,
    ) -> int:
        path = self.logs / f"{cell}-{self.run}.log"
        if log is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(log, encoding="utf-8")
        number = self.ledger.start_attempt(
            self.run,
            Start(
                cell=cell,
                key=f"{base}{dockerfile}",
                execution="native" if cell.endswith("amd64") else "emulated (QEMU 10)",
                log=str(path),
                ingredients=self._ingredients(self.cells[cell], base, dockerfile),
                dockerfile=dockerfile,
                node="engine",
                tries=tries,
            ),
        )
        self._set("attempts", f"started = '{self.time(tries)}'", number)
        return number

    def proven(self, cell: str, *, base: str = "sha256:b1", dockerfile: str = "FROM x\n", digest: str = "") -> int:
        """A cell that was built and proven."""
        number = self.attempt(cell, base=base, dockerfile=dockerfile)
        self.built(number, digest or f"sha256:{cell}{self.run}")
        self.ledger.proved(number, PROOFS, catalogue="c")
        self._ended(cell, number, "proven")
        return number

    def refused(self, cell: str, *, base: str = "sha256:b1") -> int:
        """A cell that was built, and of which a proof failed."""
        number = self.attempt(cell, base=base)
        self.built(number, f"sha256:{cell}{self.run}")
        self.ledger.proved(number, BROKEN, catalogue="c")
        self._ended(cell, number, "failed", "proof failed", "interpreter/version: 3.7.1, expected 3.7.2")
        return number

    def failed(
        self,
        cell: str,
        *,
        base: str = "sha256:b1",
        kind: str = "compile error",
        message: str = COMPILE,
        log: str | None = None,
        dockerfile: str = "FROM x\n",
    ) -> int:
        """A cell whose build failed while it was compiled."""
        number = self.attempt(cell, base=base, log=log, dockerfile=dockerfile)
        self.ledger.failed(
            number,
            failure_class=kind,
            message=message,
            seconds=31.5,
            phases=(*PHASES[:2], PhaseRecord(name="compile", seconds=10.75, cached=False)),
        )
        self._ended(cell, number, "failed", kind, message)
        return number

    def not_tried(self, cell: str, why: str) -> None:
        self._ended(cell, None, "not tried", "cancelled", why)

    def without_attempt(self, cell: str, kind: str, message: str) -> None:
        """A cell that failed before anything was built: its base could not be had."""
        self._ended(cell, None, "failed", kind, message)

    def built(self, number: int, digest: str) -> None:
        self.ledger.built(number, reference="local/x:k", digest=digest, size=42_000_000, seconds=85.75, phases=PHASES)

    def proven_again(self, cell: str, number: int, *, passes: bool) -> None:
        """The image of an earlier attempt whose proofs were made once more."""
        self.ledger.proved(number, PROOFS if passes else BROKEN, catalogue="d")
        broken = ("", "") if passes else ("proof failed", "interpreter/version: 3.7.1, expected 3.7.2")
        self._ended(cell, number, "proven" if passes else "failed", *broken)

    def span(self, cell: str, stage: str, began: int, ended: int, *, node: str = "engine", failure: str = "") -> None:
        self.chronicle.span(
            Span(
                run=self.run,
                cell=cell,
                stage=stage,
                node=node,
                emulated=not cell.endswith("amd64"),
                started=self.time(began),
                ended=self.time(ended),
                failure_class=failure,
            )
        )

    def _ended(self, cell: str, attempt: int | None, outcome: str, kind: str = "", message: str = "") -> None:
        self.chronicle.ended(
            Visit(
                run=self.run,
                cell=cell,
                action="build",
                reason="",
                key="",
                attempt=attempt,
                outcome=outcome,
                failure_class=kind,
                message=message,
                seconds=90.0,
            )
        )

    def _ingredients(self, cell: Cell, base: str, dockerfile: str) -> Mapping[str, str]:
        return {"cell": cell.id, "dockerfile": f"digest of {dockerfile}", "base": base, "execution": "native"}

    def _set(self, table: str, what: str, number: int) -> None:
        with self.ledger.connection as connection:
            connection.execute(f"UPDATE {table} SET {what} WHERE id = ?", (number,))  # noqa: S608 - a test's own words
