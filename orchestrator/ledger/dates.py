"""When what is proven was proven: a ledger keeps when an attempt began, and when which of its stages ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt


def proof_dates(ledger: Ledger, proven: Mapping[str, Attempt]) -> dict[str, str]:
    """Map cells to when their proven attempts last passed all proofs (ISO 8601, UTC), in three queries however many there are.

    Of attempts by runs that did not write down when their stages ended, the durations tell it.
    """
    spans = {
        (cell, attempt): ended
        for cell, attempt, ended in ledger.connection.execute(
            "SELECT visits.cell, visits.attempt, max(spans.ended) FROM visits JOIN spans ON spans.run = visits.run AND spans.cell = visits.cell"
            " WHERE visits.outcome = 'proven' AND spans.stage = 'prove' AND spans.failure_class = '' GROUP BY visits.cell, visits.attempt"
        )
    }
    examined = {
        (cell, digest): ended
        for cell, digest, ended in ledger.connection.execute(
            "SELECT cell, digest, max(ended) FROM examinations WHERE NOT EXISTS (SELECT 1 FROM findings WHERE examination = examinations.id"
            " AND verdict != 'passed') GROUP BY cell, digest"
        )
    }
    seconds = dict(ledger.connection.execute("SELECT attempt, sum(seconds) FROM proofs GROUP BY attempt").fetchall())
    found = {}
    for cell, one in proven.items():
        later = timedelta(seconds=one.seconds + seconds.get(one.id, 0.0))
        known = [spans.get((cell, one.id)), examined.get((cell, one.digest))]
        ends = [ended for ended in known if ended is not None]
        own = (datetime.fromisoformat(one.started) + later).isoformat(timespec="milliseconds")
        found[cell] = max(ends, default=own) if spans.get((cell, one.id)) else max([own, *ends])
    return found
