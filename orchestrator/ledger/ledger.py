"""The ledger: one SQLite file in WAL mode, so that a reader never waits and a kill at any point leaves whole records.

Source: https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator.errors import EnvironmentFailedError, ExitCode, OrchestratorError
from orchestrator.ledger.records import Attempt, Examination, PhaseRecord, ProofRecord, State
from orchestrator.ledger.schema import MIGRATIONS

_COLUMNS = "id, run, cell, key, state, execution, reference, digest, size, started, seconds, log, failure_class, message, ingredients, proven_by"

#: Seconds to wait for another process that writes.
_PATIENCE = 30.0


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

    def start_attempt(
        self, run: int, *, cell: str, key: str, execution: str, log: str, ingredients: dict[str, str]
    ) -> int:
        """Remember that a build began; returns the attempt's number."""
        with self._connection:
            cursor = self._connection.execute(
                "INSERT INTO attempts (run, cell, key, state, execution, started, log, ingredients) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (run, cell, key, State.RUNNING, execution, now(), log, json.dumps(ingredients, sort_keys=True)),
            )
        return int(cursor.lastrowid or 0)

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
        found = self._select("WHERE cell = ? AND key = ? AND state = 'proven' ORDER BY id DESC LIMIT 1", (cell, key))
        return next(iter(found), None)

    def attempts(self, cell: str | None = None, *, limit: int = 50) -> tuple[Attempt, ...]:
        """List attempts, newest first."""
        if cell is None:
            return self._select("ORDER BY id DESC LIMIT ?", (limit,))
        return self._select("WHERE cell = ? ORDER BY id DESC LIMIT ?", (cell, limit))

    def _phases(self, attempt: int, phases: Sequence[PhaseRecord]) -> None:
        self._connection.execute("DELETE FROM phases WHERE attempt = ?", (attempt,))
        self._connection.executemany(
            "INSERT INTO phases VALUES (?, ?, ?, ?, ?)",
            [(attempt, position, phase.name, phase.seconds, phase.cached) for position, phase in enumerate(phases)],
        )

    def _select(self, rest: str, values: tuple[Any, ...]) -> tuple[Attempt, ...]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM attempts {rest}", values).fetchall()  # noqa: S608 - constants
        return tuple(self._attempt(row) for row in rows)

    def _attempt(self, row: tuple[Any, ...]) -> Attempt:
        number = row[0]
        phases = self._connection.execute(
            "SELECT name, seconds, cached FROM phases WHERE attempt = ? ORDER BY position", (number,)
        )
        proofs = self._connection.execute(
            "SELECT name, verdict, detail, seconds FROM proofs WHERE attempt = ? ORDER BY position", (number,)
        )
        return Attempt(
            id=number,
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
            phases=tuple(
                PhaseRecord(name=name, seconds=seconds, cached=bool(cached)) for name, seconds, cached in phases
            ),
            proofs=tuple(
                ProofRecord(name=name, verdict=verdict, detail=detail, seconds=seconds)
                for name, verdict, detail, seconds in proofs
            ),
        )


@contextlib.contextmanager
def open_ledger(path: Path, *, create: bool = True) -> Iterator[Ledger]:
    """Open (and where it does not exist, make) the ledger; close it at the end. With `create` off, a missing one is an empty one.

    Raises `EnvironmentFailedError` for a file that is damaged, newer than this program, or cannot be written; the file is left alone.
    """
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path if create or path.exists() else ":memory:", timeout=_PATIENCE)
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentFailedError(
            f"{path}: the ledger cannot be opened: {error}", mend="make its directory writable, or set XDG_STATE_HOME"
        ) from error
    with contextlib.closing(connection):
        try:
            _prepare(connection, path)
            yield Ledger(connection, path)
        except sqlite3.Error as error:
            raise EnvironmentFailedError(
                f"{path}: the ledger cannot be used: {error}",
                mend="free some disk space; or, where the file is damaged, move it away: images and registries are not touched, and"
                " the next run makes a new one",
            ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise EnvironmentFailedError(
            f"{path}: this ledger was written by a newer orchestrator (format {version}, known here: {len(MIGRATIONS)})",
            mend="use that version, or set XDG_STATE_HOME to another directory",
        )
    (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    if version < len(MIGRATIONS):
        _migrate(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL, once per file. SQLite does not wait for others here by itself, whatever the connection's timeout."""
    deadline = time.monotonic() + _PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            # A ledger in memory stays what it is.
            if connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("memory",):
                return
        except sqlite3.OperationalError as error:
            if (
                error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
                or time.monotonic() > deadline
            ):
                raise
            time.sleep(0.02)


def _migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all or nothing. The version is read again under the lock: another process may have been first."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for migration in MIGRATIONS[version:]:
            for statement in migration.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, len(MIGRATIONS))}")
