"""What happened in runs: what each meant to do to cells, when its stages ran where, what it published; written as it goes, read by reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.ledger.ledger import Ledger, now
from orchestrator.ledger.records import Attempt, PublishedReference, RunRecord, Span, Visit

_VISIT = "run, cell, action, reason, key, attempt, outcome, failure_class, message, seconds"


class Chronicle:
    """The history in a ledger. Every method is one transaction, made by the thread that holds the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection = ledger.connection

    def intend(self, visits: Sequence[Visit]) -> None:
        """Remember what a run is going to do, before it does."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO visits (run, cell, action, reason, key) VALUES (?, ?, ?, ?, ?)",
                [(one.run, one.cell, one.action, one.reason, one.key) for one in visits],
            )

    def ended(self, visit: Visit) -> None:
        """Remember what came of a cell."""
        with self._connection:
            self._connection.execute(
                "UPDATE visits SET attempt = ?, outcome = ?, failure_class = ?, message = ?, seconds = ? WHERE run = ? AND cell = ?",
                (
                    *(visit.attempt, visit.outcome, visit.failure_class, visit.message, visit.seconds),
                    *(visit.run, visit.cell),
                ),
            )

    def span(self, span: Span) -> None:
        """Remember when a stage ran, and where."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO spans (run, cell, stage, node, emulated, started, ended, failure_class) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(span.run, span.cell, span.stage, span.node, span.emulated),
                    *(span.started, span.ended, span.failure_class),
                ),
            )

    def hold_back(self, run: int, image: str, reason: str) -> None:
        """Remember why an image was not published."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO held_back VALUES (?, ?, ?)", (run, image, reason))

    def attached(self, *, subject: str, kind: str, place: str, digest: str) -> None:
        """Remember that an attestation of `kind` about the manifest `subject` lies at `place` (a repository, or a file's path)."""
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO attachments VALUES (?, ?, ?, ?, ?)", (subject, kind, place, digest, now())
            )

    def attachments(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Map subjects (digests) to what is attached to them: kind to place and digest."""
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for subject, kind, place, digest in self._connection.execute(
            "SELECT subject, kind, place, digest FROM attachments ORDER BY attached"
        ):
            found.setdefault(subject, {})[kind] = (place, digest)
        return found

    def runs(self, *, limit: int = 50) -> tuple[RunRecord, ...]:
        """List runs, newest first."""
        return self._runs("ORDER BY id DESC LIMIT ?", (limit,))

    def run(self, number: int) -> RunRecord | None:
        """Find a run by its number."""
        return next(iter(self._runs("WHERE id = ?", (number,))), None)

    def _runs(self, rest: str, values: tuple[Any, ...]) -> tuple[RunRecord, ...]:
        rows = self._connection.execute(f"SELECT id, command, started, ended, exit_code FROM runs {rest}", values)  # noqa: S608 - constants
        return tuple(
            RunRecord(number=number, command=command, started=started, ended=ended, exit_code=code)
            for number, command, started, ended, code in rows
        )

    def visits(self, run: int) -> tuple[Visit, ...]:
        """List what a run meant to do and what came of it; cells that there was nothing to do for are not among them."""
        rows = self._connection.execute(f"SELECT {_VISIT} FROM visits WHERE run = ? ORDER BY rowid", (run,))  # noqa: S608 - constants
        return tuple(Visit(**dict(zip(_VISIT.split(", "), row, strict=True))) for row in rows)

    def spans(self, run: int) -> tuple[Span, ...]:
        """List the stages of a run in the order of their ends."""
        rows = self._connection.execute(
            "SELECT run, cell, stage, node, emulated, started, ended, failure_class FROM spans WHERE run = ? ORDER BY id",
            (run,),
        )
        names = ("run", "cell", "stage", "node", "emulated", "started", "ended", "failure_class")
        return tuple(Span(**{**dict(zip(names, row, strict=True)), "emulated": bool(row[4])}) for row in rows)

    def publications(self, run: int) -> tuple[PublishedReference, ...]:
        """List what a run published, in that order."""
        rows = self._connection.execute(
            "SELECT run, reference, digest, published FROM publications WHERE run = ? ORDER BY id", (run,)
        )
        names = ("run", "reference", "digest", "published")
        return tuple(PublishedReference(**dict(zip(names, row, strict=True))) for row in rows)

    def held_back(self, run: int) -> dict[str, str]:
        """Map the images that a run did not publish to the reasons."""
        return dict(self._connection.execute("SELECT image, reason FROM held_back WHERE run = ?", (run,)))

    def attempts(self, run: int) -> tuple[Attempt, ...]:
        """List the attempts of a run, oldest first, with phases and proofs."""
        return self._ledger.select("WHERE run = ? ORDER BY id", (run,))

    def history(self, *, up_to: int, limit: int = 30) -> dict[str, tuple[Attempt, ...]]:
        """Map cells to their last attempts up to a run, newest first, without phases and proofs."""
        return self._ledger.recent(up_to=up_to, limit=limit)
