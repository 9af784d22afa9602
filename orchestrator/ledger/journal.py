"""The journal of publishing: what a set is going to change is written down before it does, so that a run that was killed can be finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.ledger.ledger import Ledger, now
from orchestrator.publish.model import ImageSet, Member, Target
from orchestrator.registry.archive import Manifest

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
            self._connection.executemany(
                "INSERT INTO publications (run, reference, digest, published) VALUES (?, ?, ?, ?)",
                [(run, reference, digest, now()) for reference, digest in published],
            )

    def replace(self, number: int) -> None:
        """Write down that a set that was begun will not be finished, since its references were led elsewhere."""
        with self._connection:
            self._connection.execute("UPDATE sets SET state = 'replaced', ended = ? WHERE id = ?", (now(), number))

    def roll_back(self, number: int, run: int, published: Sequence[tuple[str, str]]) -> None:
        """Write down that the references of a set lead to where they led before it; the set before it is the one that counts again."""
        with self._connection:
            self._connection.execute("UPDATE sets SET state = 'rolled back', ended = ? WHERE id = ?", (now(), number))
            self._connection.execute(
                "UPDATE sets SET state = 'done' WHERE id = (SELECT max(before.id) FROM sets AS before, sets AS this WHERE this.id = ?"
                " AND before.id < this.id AND before.image = this.image AND before.registry = this.registry AND before.state = 'replaced')",
                (number,),
            )
            self._connection.executemany(
                "INSERT INTO publications (run, reference, digest, published) VALUES (?, ?, ?, ?)",
                [(run, reference, digest, now()) for reference, digest in published],
            )

    def unfinished(self, registry: str) -> tuple[ImageSet, ...]:
        """List the sets that were begun in a registry and not finished, oldest first."""
        return self._select("WHERE registry = ? AND state = 'begun' ORDER BY id", (registry,))

    def current(self, registry: str) -> dict[str, ImageSet]:
        """Map images to the sets that are published now, as far as is known here."""
        return {
            one.image: one for one in self._select("WHERE registry = ? AND state = 'done' ORDER BY id", (registry,))
        }

    def all_current(self) -> tuple[ImageSet, ...]:
        """List the sets that are published now, wherever that is, and those that are about to be."""
        return self._select("WHERE state IN ('done', 'begun') ORDER BY id", ())

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
