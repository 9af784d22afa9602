"""The journal of publishing: what a set is going to change is written down before it does, so that a run that was killed can be finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from orchestrator.ledger.ledger import Ledger, now
from orchestrator.publish.model import ImageSet, Member, Target
from orchestrator.registry.archive import Manifest


class State(StrEnum):
    """What became of a set: about to be visible, visible, visible once; given up; about to be taken back, taken back."""

    BEGUN = "begun"
    DONE = "done"
    REPLACED = "replaced"
    ABANDONED = "abandoned"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"


_COLUMNS = "id, run, image, registry, state, members, targets, idx, began"


class Journal:
    """The sets in a ledger. Every method is one transaction, made by the thread that holds the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._connection = ledger.connection

    def begin(self, run: int, one: ImageSet) -> int:
        """Write down that a set is about to be made visible; returns its number."""
        with self._connection:
            cursor = self._connection.execute(
                "INSERT INTO sets (run, image, registry, state, members, targets, idx, began) VALUES (?, ?, ?, 'begun', ?, ?, ?, ?)",
                (
                    *(run, one.image, one.registry),
                    json.dumps([asdict(member) for member in one.members]),
                    json.dumps([asdict(target) for target in one.targets]),
                    *(one.index.raw.decode(), now()),
                ),
            )
        return int(cursor.lastrowid or 0)

    def done(self, number: int, run: int, published: Sequence[tuple[str, str]]) -> None:
        """Write down that all references of a set lead where they should; `published` are those that were changed, with their digests."""
        with self._connection:
            self._connection.execute(
                "UPDATE sets SET state = 'replaced' WHERE state = 'done' AND (registry, image) ="
                " (SELECT registry, image FROM sets WHERE id = ?)",
                (number,),
            )
            self._connection.execute("UPDATE sets SET state = 'done', ended = ? WHERE id = ?", (now(), number))
            self._publications(run, published)

    def abandon(self, number: int) -> None:
        """Write down that a set that was begun will not be finished."""
        self._put(number, State.ABANDONED)

    def begin_roll_back(self, number: int) -> None:
        """Write down that the references of a set are about to be led back."""
        self._put(number, State.ROLLING_BACK)

    def roll_back(self, number: int, run: int, published: Sequence[tuple[str, str]]) -> None:
        """Write down that the references of a set lead to where they led before it; the set before it is the one that counts again."""
        with self._connection:
            self._connection.execute(
                "UPDATE sets SET state = ?, ended = ? WHERE id = ?", (State.ROLLED_BACK, now(), number)
            )
            if (former := self._former(number)) is not None and not former[1]:
                self._connection.execute("UPDATE sets SET state = ? WHERE id = ?", (State.DONE, former[0]))
            self._publications(run, published)

    def former(self, number: int) -> ImageSet | None:
        """Find the set that was published before another one of the same image; None where nothing is known of it."""
        found = self._former(number)
        return next(iter(self._select("WHERE id = ?", (found[0],))), None) if found is not None else None

    def _former(self, number: int) -> tuple[int, bool] | None:
        """Its number, and whether it is the one that counts already."""
        row = self._connection.execute(
            "SELECT former.id, former.state = 'done' FROM sets AS former, sets AS this WHERE this.id = ? AND former.id < this.id"
            " AND former.image = this.image AND former.registry = this.registry AND former.state IN ('done', 'replaced')"
            " ORDER BY former.id DESC LIMIT 1",
            (number,),
        ).fetchone()
        return None if row is None else (int(row[0]), bool(row[1]))

    def _put(self, number: int, state: State) -> None:
        with self._connection:
            self._connection.execute("UPDATE sets SET state = ?, ended = ? WHERE id = ?", (state, now(), number))

    def _publications(self, run: int, published: Sequence[tuple[str, str]]) -> None:
        self._connection.executemany(
            "INSERT INTO publications (run, reference, digest, published) VALUES (?, ?, ?, ?)",
            [(run, reference, digest, now()) for reference, digest in published],
        )

    def unfinished(self, registry: str) -> tuple[ImageSet, ...]:
        """List the sets that were begun in a registry, or begun to be taken back, and not finished, oldest first."""
        return self._select("WHERE registry = ? AND state IN ('begun', 'rolling back') ORDER BY id", (registry,))

    def current(self, registry: str) -> dict[str, ImageSet]:
        """Map images to the sets that are published now, as far as is known here."""
        return {
            one.image: one for one in self._select("WHERE registry = ? AND state = 'done' ORDER BY id", (registry,))
        }

    def all_current(self) -> tuple[ImageSet, ...]:
        """List the sets that are published now, wherever that is, and those that are about to be."""
        return self._select("WHERE state IN ('done', 'begun', 'rolling back') ORDER BY id", ())

    def of_run(self, run: int) -> tuple[ImageSet, ...]:
        """List the sets that a run began, oldest first."""
        return self._select("WHERE run = ? ORDER BY id", (run,))

    def rolled_back(self, registry: str) -> dict[str, tuple[ImageSet, ...]]:
        """Map images to their sets that were taken back."""
        found: dict[str, tuple[ImageSet, ...]] = {}
        for one in self._select("WHERE registry = ? AND state = 'rolled back' ORDER BY id", (registry,)):
            found[one.image] = (*found.get(one.image, ()), one)
        return found

    def _select(self, rest: str, values: tuple[Any, ...]) -> tuple[ImageSet, ...]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM sets {rest}", values)  # noqa: S608 - constants
        return tuple(_read(row) for row in rows.fetchall())


def _read(row: tuple[Any, ...]) -> ImageSet:
    number, run, image, registry, state, members, targets, index, began = row
    raw = str(index).encode()
    return ImageSet(
        image=image,
        registry=registry,
        members=tuple(_member(one) for one in json.loads(members)),
        index=Manifest.of(raw),
        targets=tuple(Target(**one) for one in json.loads(targets)),
        number=number,
        run=run,
        state=state,
        began=began,
    )


def _member(raw: Mapping[str, Any]) -> Member:
    base = raw["base"]
    return Member(**{**raw, "base": (base[0], base[1])})
