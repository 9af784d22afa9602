"""The ledger: one SQLite file in WAL mode, so that a reader never waits and a kill at any point leaves whole records.

Source: https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.ledger.records import Attempt, Examination, PhaseRecord, ProofRecord, Seen, Start, State

_COLUMNS = (
    "id, run, cell, key, state, execution, reference, digest, size, started, seconds, log, failure_class, message, ingredients, proven_by,"
    " node, machine, tries, setting"
)

#: What is said of an attempt that ended with its run.
KILLED = "its run was killed"


def now() -> str:
    """The present, ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Run:
    """A run that goes on; whoever holds it sets `code` when it knows how it went."""

    number: int
    code: ExitCode = ExitCode.INTERRUPTED


class Ledger:
    """An open ledger. Every method is one transaction; one thread uses it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file, for the other rooms of the ledger."""
        return self._connection

    def start_run(self, command: str) -> int:
        """Remember that a run began; returns its number."""
        with self._connection:
            cursor = self._connection.execute("INSERT INTO runs (command, started) VALUES (?, ?)", (command, now()))
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, exit_code: int) -> None:
        """Remember how a run ended."""
        with self._connection:
            self._connection.execute("UPDATE runs SET ended = ?, exit_code = ? WHERE id = ?", (now(), exit_code, run))

    @contextlib.contextmanager
    def run(self, command: str) -> Iterator[Run]:
        """Remember a run and how it ended: as its holder says in `code`, else as the error that left it, else as interrupted."""
        run = Run(number=self.start_run(command))
        try:
            yield run
        except OrchestratorError as error:
            run.code = error.code
            raise
        finally:
            self.end_run(run.number, int(run.code))

    def start_attempt(self, run: int, start: Start) -> int:
        """Remember that a build began; returns the attempt's number."""
        with self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO dockerfiles VALUES (?, ?)",
                (start.ingredients.get("dockerfile", ""), start.dockerfile),
            )
            cursor = self._connection.execute(
                "INSERT INTO attempts (run, cell, key, state, execution, started, log, ingredients, reference, node, machine, tries, setting)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(run, start.cell, start.key, State.RUNNING, start.execution, now(), start.log),
                    *(json.dumps(dict(start.ingredients), sort_keys=True), start.reference),
                    *(start.node, start.machine, start.tries, start.setting),
                ),
            )
        return int(cursor.lastrowid or 0)

    def adopt(self, attempt: int, *, digest: str, size: int) -> None:
        """Remember that the image of an attempt whose run was killed is there all the same, whole, under its reference."""
        with self._connection:
            self._connection.execute(
                "UPDATE attempts SET state = ?, digest = ?, size = ? WHERE id = ? AND state = ?",
                (State.BUILT, digest, size, attempt, State.RUNNING),
            )

    def abandon(self, *, before: int) -> int:
        """Close what runs that were killed left open: runs, and attempts that did not end; returns how many attempts.

        Only the holder of the run's lock may call it: then no other run is alive.
        """
        with self._connection:
            cursor = self._connection.execute(
                "UPDATE attempts SET state = ?, failure_class = 'cancelled', message = ? WHERE state = ? AND run < ?",
                (State.FAILED, KILLED, State.RUNNING, before),
            )
        self.close_runs(before=before)
        return cursor.rowcount

    def close_runs(self, *, before: int) -> None:
        """Close runs that were killed, leaving their attempts to a run that builds. The same holds for who may call it."""
        with self._connection:
            self._connection.execute(
                "UPDATE runs SET ended = ?, exit_code = ? WHERE ended IS NULL AND id < ?",
                (now(), int(ExitCode.INTERRUPTED), before),
            )

    def rekey(self, attempt: int, *, key: str, ingredients: Mapping[str, str]) -> None:
        """Remember what an attempt is made of, where that turned out to be another than what was meant."""
        with self._connection:
            self._connection.execute(
                "UPDATE attempts SET key = ?, ingredients = ? WHERE id = ?",
                (key, json.dumps(dict(ingredients), sort_keys=True), attempt),
            )

    def built(
        self, attempt: int, *, reference: str, digest: str, size: int, seconds: float, phases: Sequence[PhaseRecord]
    ) -> None:
        """Remember that the image exists under `reference`."""
        with self._connection:
            self._connection.execute(
                "UPDATE attempts SET state = ?, reference = ?, digest = ?, size = ?, seconds = ? WHERE id = ?",
                (State.BUILT, reference, digest, size, seconds, attempt),
            )
            self._phases(attempt, phases)

    def failed(
        self, attempt: int, *, failure_class: str, message: str, seconds: float, phases: Sequence[PhaseRecord] = ()
    ) -> None:
        """Remember why it failed."""
        with self._connection:
            self._connection.execute(
                "UPDATE attempts SET state = ?, failure_class = ?, message = ?, seconds = ? WHERE id = ?",
                (State.FAILED, failure_class, message, seconds, attempt),
            )
            if phases:
                self._phases(attempt, phases)

    def proved(self, attempt: int, proofs: Sequence[ProofRecord], *, catalogue: str = "") -> None:
        """Remember the proofs, and by which catalogue; the attempt is proven when every one passed, else failed."""
        passed = bool(proofs) and all(proof.passed for proof in proofs)
        failure = next((f"{proof.name}: {proof.detail}" for proof in proofs if proof.verdict == "failed"), "")
        with self._connection:
            self._connection.execute("DELETE FROM proofs WHERE attempt = ?", (attempt,))
            self._connection.executemany(
                "INSERT INTO proofs VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (attempt, position, proof.name, proof.passed, proof.detail, proof.seconds, proof.verdict)
                    for position, proof in enumerate(proofs)
                ],
            )
            self._connection.execute(
                "UPDATE attempts SET state = ?, failure_class = ?, message = ?, proven_by = ? WHERE id = ?",
                (
                    State.PROVEN if passed else State.FAILED,
                    "" if passed else "proof failed",
                    failure,
                    catalogue,
                    attempt,
                ),
            )

    def examined(
        self,
        run: int,
        *,
        cell: str,
        reference: str,
        digest: str,
        execution: str,
        seconds: float,
        proofs: Sequence[ProofRecord],
    ) -> int:
        """Remember proofs of an image that was there already; returns the examination's number."""
        with self._connection:
            cursor = self._connection.execute(
                "INSERT INTO examinations (run, cell, reference, digest, execution, ended, seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run, cell, reference, digest, execution, now(), seconds),
            )
            number = int(cursor.lastrowid or 0)
            self._connection.executemany(
                "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (number, position, proof.name, proof.verdict, proof.detail, proof.seconds)
                    for position, proof in enumerate(proofs)
                ],
            )
        return number

    def examinations(self, cell: str, *, limit: int = 50) -> tuple[Examination, ...]:
        """List examinations of images as a cell, newest first."""
        rows = self._connection.execute(
            "SELECT id, run, cell, reference, digest, execution, ended, seconds FROM examinations WHERE cell = ?"
            " ORDER BY id DESC LIMIT ?",
            (cell, limit),
        ).fetchall()
        return tuple(self._examination(row) for row in rows)

    def _examination(self, row: tuple[Any, ...]) -> Examination:
        findings = self._connection.execute(
            "SELECT name, verdict, detail, seconds FROM findings WHERE examination = ? ORDER BY position", (row[0],)
        )
        names = ("id", "run", "cell", "reference", "digest", "execution", "ended", "seconds")
        proofs = tuple(
            ProofRecord(name=name, verdict=verdict, detail=detail, seconds=seconds)
            for name, verdict, detail, seconds in findings
        )
        return Examination(**dict(zip(names, row, strict=True)), proofs=proofs)

    def published(self, run: int, reference: str, digest: str) -> None:
        """Remember that a reference points at a digest in its registry."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO publications (run, reference, digest, published) VALUES (?, ?, ?, ?)",
                (run, reference, digest, now()),
            )

    def latest(self, cell: str) -> Attempt | None:
        """Find the last attempt at a cell, whatever became of it."""
        return next(iter(self.attempts(cell, limit=1)), None)

    def proven(self, cell: str, key: str) -> Attempt | None:
        """Find the last proven attempt at a cell with exactly this key."""
        found = self.select("WHERE cell = ? AND key = ? AND state = 'proven' ORDER BY id DESC LIMIT 1", (cell, key))
        return next(iter(found), None)

    def attempt(self, number: int) -> Attempt | None:
        """Find an attempt by its number."""
        return next(iter(self.select("WHERE id = ?", (number,))), None)

    def unfinished(self) -> tuple[Attempt, ...]:
        """List the attempts that did not end, or not yet, oldest first."""
        return self.select("WHERE state = 'running' ORDER BY id", ())

    def dockerfile(self, digest: str) -> str | None:
        """Give the text of a Dockerfile that was built once, by its sha256; None when it is not remembered."""
        row = self._connection.execute("SELECT text FROM dockerfiles WHERE digest = ?", (digest,)).fetchone()
        return str(row[0]) if row else None

    def newest(self, *, proven: bool = False) -> dict[str, Attempt]:
        """Give the newest attempt (of the proven ones) at every cell, without its phases and proofs, which a plan does not ask for."""
        only = "WHERE state = 'proven' " if proven else ""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM attempts WHERE id IN (SELECT max(id) FROM attempts {only}GROUP BY cell)"  # noqa: S608 - constants
        )
        return {row[2]: _attempt(row, phases=(), proofs=()) for row in rows}

    def newest_publications(self) -> dict[str, tuple[str, str]]:
        """Map every reference that was published to its newest digest and to when that was (ISO 8601, UTC)."""
        rows = self._connection.execute(
            "SELECT reference, digest, published FROM publications WHERE id IN (SELECT max(id) FROM publications GROUP BY reference)"
        )
        return {reference: (digest, published) for reference, digest, published in rows}

    def durations(self, *, limit: int = 20000) -> tuple[Seen, ...]:
        """List what stages took, newest first: builds whose compile was not cached, and proofs that passed."""
        builds = self._connection.execute(
            "SELECT cell, 'build', execution, machine, seconds FROM attempts WHERE state IN ('built', 'proven') AND id NOT IN"
            " (SELECT attempt FROM phases WHERE name = 'compile' AND cached) ORDER BY id DESC LIMIT ?",
            (limit,),
        ).fetchall()
        proofs = self._connection.execute(
            "SELECT cell, 'prove', execution, machine, (SELECT sum(seconds) FROM proofs WHERE attempt = attempts.id)"
            " FROM attempts WHERE state = 'proven' ORDER BY id DESC LIMIT ?",
            (limit,),
        ).fetchall()
        return tuple(
            Seen(cell=cell, stage=stage, emulated=execution != "native", machine=machine, seconds=seconds)
            for cell, stage, execution, machine, seconds in [*builds, *proofs]
            if seconds
        )

    def attempts(self, cell: str | None = None, *, limit: int = 50, run: int | None = None) -> tuple[Attempt, ...]:
        """List attempts, newest first; with `run` only those of that run."""
        wanted = [(name, value) for name, value in (("cell", cell), ("run", run)) if value is not None]
        where = f"WHERE {' AND '.join(f'{name} = ?' for name, _ in wanted)} " if wanted else ""
        return self.select(f"{where}ORDER BY id DESC LIMIT ?", (*(value for _, value in wanted), limit))

    def _phases(self, attempt: int, phases: Sequence[PhaseRecord]) -> None:
        self._connection.execute("DELETE FROM phases WHERE attempt = ?", (attempt,))
        self._connection.executemany(
            "INSERT INTO phases VALUES (?, ?, ?, ?, ?)",
            [(attempt, position, phase.name, phase.seconds, phase.cached) for position, phase in enumerate(phases)],
        )

    def select(self, rest: str, values: tuple[Any, ...]) -> tuple[Attempt, ...]:
        """List attempts by the rest of a query, with phases and proofs."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM attempts {rest}", values).fetchall()  # noqa: S608 - constants
        return tuple(self._attempt(row) for row in rows)

    def bare(self, rest: str, values: tuple[Any, ...]) -> tuple[Attempt, ...]:
        """List attempts by the rest of a query, without phases and proofs."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM attempts {rest}", values)  # noqa: S608 - constants
        return tuple(_attempt(row, phases=(), proofs=()) for row in rows)

    def recent(self, *, up_to: int, limit: int) -> dict[str, tuple[Attempt, ...]]:
        """Map cells to their last attempts in runs up to a number, newest first, without phases and proofs."""
        found: dict[str, list[Attempt]] = {}
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY cell ORDER BY id DESC) AS age FROM attempts WHERE run <= ?)"  # noqa: S608 - constants
            " WHERE age <= ? ORDER BY id DESC",
            (up_to, limit),
        )
        for row in rows:
            found.setdefault(row[2], []).append(_attempt(row, phases=(), proofs=()))
        return {cell: tuple(some) for cell, some in found.items()}

    def _attempt(self, row: tuple[Any, ...]) -> Attempt:
        number = row[0]
        phases = self._connection.execute(
            "SELECT name, seconds, cached FROM phases WHERE attempt = ? ORDER BY position", (number,)
        )
        proofs = self._connection.execute(
            "SELECT name, verdict, detail, seconds FROM proofs WHERE attempt = ? ORDER BY position", (number,)
        )
        return _attempt(
            row,
            phases=tuple(
                PhaseRecord(name=name, seconds=seconds, cached=bool(cached)) for name, seconds, cached in phases
            ),
            proofs=tuple(
                ProofRecord(name=name, verdict=verdict, detail=detail, seconds=seconds)
                for name, verdict, detail, seconds in proofs
            ),
        )


def _attempt(row: tuple[Any, ...], *, phases: tuple[PhaseRecord, ...], proofs: tuple[ProofRecord, ...]) -> Attempt:
    return Attempt(
        id=row[0],
        run=row[1],
        cell=row[2],
        key=row[3],
        state=State(row[4]),
        execution=row[5],
        reference=row[6],
        digest=row[7],
        size=row[8],
        started=row[9],
        seconds=row[10],
        log=row[11],
        failure_class=row[12],
        message=row[13],
        ingredients=json.loads(row[14]),
        proven_by=row[15],
        node=row[16],
        machine=row[17],
        tries=row[18],
        setting=row[19],
        phases=phases,
        proofs=proofs,
    )
