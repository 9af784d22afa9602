"""What ledgers of other machines remember, taken into this one: a farm of CI jobs leaves a ledger each, and the next night needs them as one.

Rows are copied with new numbers, and references between them follow. A run that is known already (the other ledger began as a copy of this one)
is not taken twice. Which tables there are, and which column refers to which, is asked of SQLite, so that a new table comes along by itself.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import State

_LEDGER, _LOGS = "ledger.sqlite", "logs"
#: Attempts that stand inside a JSON text, where SQLite sees no reference: table and column, and the key of each object.
_INSIDE = {("sets", "members"): "attempt"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """How much was taken from one place."""

    path: Path
    runs: int
    attempts: int


def join(ledger: Ledger, path: Path, logs: Path, *, catalogue: str = "") -> Joined:
    """Take what another ledger has and this one has not, all or nothing; its log files, where they lie beside it, are copied to `logs`.

    `path` is the file, or the directory with it in (`$XDG_STATE_HOME/orchestrator`). What is taken counts as newer than what is there; of an
    attempt that both have, the one that got further counts, and that which went through this `catalogue` of proofs. Raises `UsageError` where
    there is no ledger, `EnvironmentFailedError` for one that cannot be read.
    """
    file = path / _LEDGER if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"{file}: there is no ledger", mend="name a ledger.sqlite, or the directory that it is in")
    with open_ledger(file, create=False) as other:
        joining = _Joining(source=other.connection, target=ledger.connection)
        with ledger.connection:
            ledger.connection.execute("BEGIN IMMEDIATE")
            joining.all()
            joining.renew(catalogue)
            _take_logs(ledger.connection, joining.new["attempts"].values(), file.parent / _LOGS, logs)
        return Joined(path=path, runs=len(joining.new["runs"]), attempts=len(joining.new["attempts"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """A table: its columns, whether rows have a number of their own, and which columns refer to the numbers of which tables."""

    name: str
    columns: tuple[str, ...]
    numbered: bool
    references: dict[str, str]


@dataclass(kw_only=True, slots=True)
class _Joining:
    """A copy under way. `known` maps numbers of rows that both ledgers have, `new` those of rows that were copied, by table."""

    source: sqlite3.Connection
    target: sqlite3.Connection
    known: dict[str, dict[int, int]] = field(default_factory=dict)
    new: dict[str, dict[int, int]] = field(default_factory=dict)

    def all(self) -> None:
        tables = _tables(self.target)
        self.known = {table.name: {} for table in tables}
        self.new = {table.name: {} for table in tables}
        self._recognise()
        for table in tables:
            self._copy(table)

    def _recognise(self) -> None:
        """Find the runs, and the attempts in them, that are in both: what began in the same millisecond and tried the same is the same."""
        ours = {run: number for number, run in _runs(self.target)}
        for number, run in _runs(self.source):
            if run in ours:
                self.known["runs"][number] = ours[run]
        query = "SELECT id, run, cell, key, started FROM attempts"
        own = {tuple(rest): number for number, *rest in self.target.execute(query)}
        for number, run, *rest in self.source.execute(query):
            same = own.get((self.known["runs"].get(run), *rest))
            if same is not None:
                self.known["attempts"][number] = same

    def renew(self, catalogue: str) -> None:
        """Bring attempts that both have to where they got: jobs that began with a copy of one ledger went on with different attempts in it."""
        columns = _table(self.target, "attempts").columns
        own = [column for column in columns if column not in {"id", "run"}]
        query = f"SELECT {', '.join(own)} FROM attempts WHERE id = ?"  # noqa: S608 - from the schema
        for number, ours in self.known["attempts"].items():
            (there,), (here,) = self.source.execute(query, (number,)), self.target.execute(query, (ours,))
            theirs, known = dict(zip(own, there, strict=True)), dict(zip(own, here, strict=True))
            if _progress(theirs, catalogue) <= _progress(known, catalogue):
                continue
            changes = ", ".join(f"{column} = ?" for column in own)
            self.target.execute(f"UPDATE attempts SET {changes} WHERE id = ?", (*there, ours))  # noqa: S608 - from the schema
            for part in ("phases", "proofs"):
                self.target.execute(f"DELETE FROM {part} WHERE attempt = ?", (ours,))  # noqa: S608 - two words
                self._part(part, number, ours)

    def _part(self, name: str, number: int, ours: int) -> None:
        columns = _table(self.target, name).columns
        rest = [column for column in columns if column != "attempt"]
        marks = ", ".join("?" * len(columns))
        rows = self.source.execute(f"SELECT {', '.join(rest)} FROM {name} WHERE attempt = ?", (number,))  # noqa: S608 - from the schema
        self.target.executemany(
            f"INSERT INTO {name} (attempt, {', '.join(rest)}) VALUES ({marks})",  # noqa: S608 - from the schema
            [(ours, *row) for row in rows],
        )

    def _copy(self, table: _Table) -> None:
        (last,) = self.target.execute(f"SELECT max(id) FROM {table.name}").fetchone() if table.numbered else (0,)  # noqa: S608 - from the schema
        following = (last or 0) + 1
        marks = ", ".join("?" * len(table.columns))
        insert = f"INSERT OR IGNORE INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608 - from the schema
        order = " ORDER BY id" if table.numbered else ""
        for row in self.source.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}{order}"):  # noqa: S608 - from the schema
            values = dict(zip(table.columns, row, strict=True))
            if not self._is_new(table, values):
                continue
            for column, referred in table.references.items():
                values[column] = self._number(referred, values[column])
            for (name, column), key in _INSIDE.items():
                if name == table.name:
                    values[column] = self._inside(values[column], key)
            if table.numbered:
                self.new[table.name][values["id"]] = following
                values["id"] = following
                following += 1
            self.target.execute(insert, tuple(values.values()))

    def _is_new(self, table: _Table, values: dict[str, Any]) -> bool:
        """A row is as new as the run that it belongs to, if it belongs to one; the first of its references says so."""
        if table.name == "runs":
            return values["id"] not in self.known["runs"]
        owner = next(iter(table.references), None)
        return owner is None or values[owner] in self.new[table.references[owner]]

    def _number(self, table: str, number: int | None) -> int | None:
        """Give the number that a row has here; None for one that is not here (it was pruned)."""
        if number is None:
            return None
        return self.new[table].get(number) or self.known[table].get(number)

    def _inside(self, text: str, key: str) -> str:
        objects = json.loads(text)
        # 0 is no attempt's number: a set whose attempt is not here is still a set.
        return json.dumps([{**one, key: self._number("attempts", one[key]) or 0} for one in objects])


def _progress(attempt: dict[str, Any], catalogue: str) -> tuple[int, bool]:
    """Order what two ledgers say of one attempt: how far it got, and whether it was held against the proofs of now."""
    reached = {State.RUNNING: 0, State.BUILT: 1}.get(attempt["state"], 2)
    return reached, bool(catalogue) and attempt["proven_by"] == catalogue


def _tables(connection: sqlite3.Connection) -> list[_Table]:
    """List the tables, each after those that it refers to. In each, the reference to what owns the row comes first: `run`, where there is one."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    left = {name: _table(connection, name) for name in names if not name.startswith("sqlite_")}
    ordered: list[_Table] = []
    while left:
        ready = [one for one in left.values() if not {*one.references.values()} & {*left} - {one.name}]
        if not ready:
            raise AssertionError("tables refer to each other in a circle")
        ordered += ready
        for one in ready:
            del left[one.name]
    return ordered


def _table(connection: sqlite3.Connection, name: str) -> _Table:
    columns = [(row[1], row[5]) for row in connection.execute(f"PRAGMA table_info({name})")]
    references = {row[3]: row[2] for row in connection.execute(f"PRAGMA foreign_key_list({name})")}
    ordered = sorted(references, key=lambda column: column != "run")
    return _Table(
        name=name,
        columns=tuple(column for column, _ in columns),
        numbered=("id", 1) in columns,
        references={column: references[column] for column in ordered},
    )


def _runs(connection: sqlite3.Connection) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Give each run's number, and what tells it from others: machines begin runs in the same millisecond, but then not on the same cells."""
    cells: dict[int, list[tuple[str, str]]] = {}
    for run, cell, started in connection.execute("SELECT run, cell, started FROM attempts ORDER BY run, cell, id"):
        cells.setdefault(run, []).append((cell, started))
    for number, command, started in connection.execute("SELECT id, command, started FROM runs"):
        yield number, (command, started, tuple(cells.get(number, ())))


def _take_logs(connection: sqlite3.Connection, attempts: Iterable[int], theirs: Path, ours: Path) -> None:
    """Copy the logs of attempts, and have the ledger name the copies. One that is not there keeps its name: it says where it was."""
    for number in attempts:
        (log,) = connection.execute("SELECT log FROM attempts WHERE id = ?", (number,)).fetchone()
        there = theirs / Path(log).name
        if not log or not there.is_file():
            continue
        ours.mkdir(parents=True, exist_ok=True)
        here = ours / there.name
        if not here.exists():
            shutil.copyfile(there, here)
        connection.execute("UPDATE attempts SET log = ? WHERE id = ?", (str(here), number))
