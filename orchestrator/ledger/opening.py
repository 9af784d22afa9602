"""Opening the ledger: made where there is none, checked, migrated; a damaged or newer file is an error with its mend, and left alone."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.schema import MIGRATIONS

#: Seconds to wait for another process that writes.
_PATIENCE = 30.0


@contextlib.contextmanager
def open_ledger(path: Path, *, create: bool = True) -> Iterator[Ledger]:
    """Open (and where it does not exist, make) the ledger; close it at the end.

    With `create` off it is only read: a missing one is an empty one, and one of an older format is migrated in memory. Raises `EnvironmentFailedError` for a file that is damaged, newer than this program, or cannot be written; the file is left alone.
    """
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path if create or path.exists() else ":memory:", timeout=_PATIENCE)
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentFailedError(
            f"{path}: the ledger cannot be opened: {error}", mend="make its directory writable, or set XDG_STATE_HOME"
        ) from error
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(connection))
        try:
            _check(connection, path)
            if create:
                _prepare(connection)
            else:
                connection = stack.enter_context(contextlib.closing(_reader(connection)))
            yield Ledger(connection, path)
        except sqlite3.Error as error:
            raise EnvironmentFailedError(
                f"{path}: the ledger cannot be used: {error}",
                mend="free some disk space; or, where the file is damaged, move it away: images and registries are not touched, and"
                " the next run makes a new one",
            ) from error


def _check(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise EnvironmentFailedError(
            f"{path}: this ledger was written by a newer orchestrator (format {version}, known here: {len(MIGRATIONS)})",
            mend="use that version, or set XDG_STATE_HOME to another directory",
        )
    (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _prepare(connection: sqlite3.Connection) -> None:
    _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) < len(MIGRATIONS):
        _migrate(connection)


def _reader(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Give a connection that changes no file: an older ledger is copied into memory, and the copy is migrated."""
    if _version(connection) < len(MIGRATIONS):
        copy = sqlite3.connect(":memory:")
        connection.backup(copy)
        _migrate(copy)
        return copy
    connection.execute("PRAGMA query_only = ON")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


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
