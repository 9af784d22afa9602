"""The ledger as a report reads it: all cells as they stood at the end of a run, in one query per table, however many cells there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from orchestrator.ledger.ledger import KILLED, Ledger
from orchestrator.ledger.records import Attempt, Examination, ProofRecord

_FEW = "IN (SELECT value FROM json_each(?))"


class Glance(NamedTuple):
    """What a trend needs of an attempt; a tuple, since there may be hundreds of thousands. `started` is ISO 8601 in UTC, `size` in bytes."""

    id: int
    run: int
    state: str
    execution: str
    digest: str
    size: int
    started: str
    seconds: float
    failure_class: str


class Verdict(NamedTuple):
    """How a run left a cell: "proven" or "failed"; `attempt` is None where none was made, `started` is when the run began."""

    run: int
    outcome: str
    failure_class: str
    message: str
    attempt: int | None
    started: str


class Details(NamedTuple):
    """Phases (name, seconds, cached) and proofs (name, verdict, detail, seconds) of an attempt, in their order."""

    phases: list[tuple[str, float, bool]]
    proofs: list[tuple[str, str, str, float]]


class Hindsight:
    """Everything up to a run, that run included; what later runs wrote anew is left out."""

    def __init__(self, ledger: Ledger, *, run: int) -> None:
        self._ledger = ledger
        self._run = run

    def glances(self, *, limit: int) -> dict[str, tuple[Glance, ...]]:
        """Map cells to their last attempts, newest first, at most `limit` each."""
        columns = "id, run, state, execution, digest, size, started, seconds, failure_class"
        rows = self._ledger.connection.execute(
            f"SELECT cell, {columns} FROM (SELECT cell, {columns}, row_number() OVER (PARTITION BY cell ORDER BY id DESC)"  # noqa: S608 - constants
            " AS age FROM attempts WHERE run <= ?) WHERE age <= ? ORDER BY id DESC",
            (self._run, limit),
        )
        found: dict[str, list[Glance]] = {}
        for cell, *values in rows:
            found.setdefault(cell, []).append(Glance(*values))
        return {cell: tuple(some) for cell, some in found.items()}

    def attempts(self, numbers: Iterable[int]) -> dict[int, Attempt]:
        """Give attempts by their numbers, without phases and proofs."""
        return {one.id: one for one in self._ledger.bare(f"WHERE id {_FEW}", (_listed(numbers),))}

    def details(self, numbers: Iterable[int]) -> dict[int, Details]:
        """Give phases and proofs of attempts by the attempts' numbers."""
        found = {number: Details([], []) for number in numbers}
        for number, name, seconds, cached in self._ledger.connection.execute(
            f"SELECT attempt, name, seconds, cached FROM phases WHERE attempt {_FEW} ORDER BY attempt, position",  # noqa: S608 - constants
            (_listed(found),),
        ):
            found[number].phases.append((name, seconds, bool(cached)))
        for number, *proof in self._ledger.connection.execute(
            f"SELECT attempt, name, verdict, detail, seconds FROM proofs WHERE attempt {_FEW} ORDER BY attempt, position",  # noqa: S608 - constants
            (_listed(found),),
        ):
            found[number].proofs.append(tuple(proof))
        return found

    def proven(self, cells: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Map cells to the numbers of their proven attempts, newest first."""
        found: dict[str, list[int]] = {}
        for cell, number in self._ledger.connection.execute(
            f"SELECT cell, id FROM attempts WHERE state = 'proven' AND run <= ? AND cell {_FEW} ORDER BY id DESC",  # noqa: S608 - constants
            (self._run, _listed(cells)),
        ):
            found.setdefault(cell, []).append(number)
        return {cell: tuple(numbers) for cell, numbers in found.items()}

    def last_verdicts(self) -> dict[str, Verdict]:
        """Map cells to the last verdict on each."""
        return dict(self._verdicts(
            "JOIN (SELECT cell, max(run) AS run FROM visits WHERE run <= ? AND outcome IN ('proven', 'failed') GROUP BY cell) USING (cell, run)",
            (self._run,),
        ))  # fmt: skip

    def verdicts(self, cells: Iterable[str]) -> dict[str, tuple[Verdict, ...]]:
        """Map cells to all verdicts on each, newest first."""
        found: dict[str, list[Verdict]] = {}
        rest = f"WHERE run <= ? AND outcome IN ('proven', 'failed') AND cell {_FEW} ORDER BY run DESC"
        for cell, verdict in self._verdicts(rest, (self._run, _listed(cells))):
            found.setdefault(cell, []).append(verdict)
        return {cell: tuple(some) for cell, some in found.items()}

    def _verdicts(self, rest: str, values: tuple[Any, ...]) -> list[tuple[str, Verdict]]:
        rows = self._ledger.connection.execute(
            "SELECT cell, run, outcome, failure_class, message, attempt, runs.started FROM visits"  # noqa: S608 - constants
            f" JOIN runs ON runs.id = run {rest}",
            values,
        )
        return [(cell, Verdict(*rest)) for cell, *rest in rows]

    def examinations(self) -> dict[str, Examination]:
        """Map cells to the last examination of each, with its proofs."""
        names = ("id", "run", "cell", "reference", "digest", "execution", "ended", "seconds")
        rows = self._ledger.connection.execute(
            f"SELECT {', '.join(names)} FROM examinations WHERE id IN"  # noqa: S608 - constants
            " (SELECT max(id) FROM examinations WHERE run <= ? GROUP BY cell)",
            (self._run,),
        ).fetchall()
        proofs: dict[int, list[ProofRecord]] = {}
        for number, name, verdict, detail, seconds in self._ledger.connection.execute(
            f"SELECT examination, name, verdict, detail, seconds FROM findings WHERE examination {_FEW} ORDER BY examination, position",  # noqa: S608 - constants
            (_listed(row[0] for row in rows),),
        ):
            proofs.setdefault(number, []).append(
                ProofRecord(name=name, verdict=verdict, detail=detail, seconds=seconds)
            )
        return {
            row[2]: Examination(**dict(zip(names, row, strict=True)), proofs=tuple(proofs.get(row[0], ())))
            for row in rows
        }

    def published(self) -> Mapping[str, str]:
        """Map references to the digests that they were last made to point at."""
        return dict(
            self._ledger.connection.execute(
                "SELECT reference, digest FROM publications WHERE id IN"
                " (SELECT max(id) FROM publications WHERE run <= ? GROUP BY reference)",
                (self._run,),
            )
        )

    def was_killed(self) -> bool:
        """Tell whether a later run found that this one had been killed."""
        (found,) = self._ledger.connection.execute(
            "SELECT count(*) FROM attempts WHERE run = ? AND failure_class = 'cancelled' AND message = ?",
            (self._run, KILLED),
        ).fetchone()
        return bool(found)

    def last_at_work(self, cells: Iterable[str]) -> int | None:
        """Find the newest run that worked on any of some cells: that meant to do something to one, or examined one."""
        tables = " UNION ALL ".join(
            f"SELECT max(run) AS run FROM {table} WHERE run <= :run AND cell IN (SELECT value FROM json_each(:cells))"  # noqa: S608 - constants
            for table in ("visits", "attempts", "examinations")
        )
        (number,) = self._ledger.connection.execute(
            f"SELECT max(run) FROM ({tables})",  # noqa: S608 - constants
            {"run": self._run, "cells": _listed(cells)},
        ).fetchone()
        return None if number is None else int(number)


def _listed(values: Iterable[object]) -> str:
    return json.dumps(list(values))
