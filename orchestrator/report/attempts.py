"""The state of an attempt, in words for people."""

from __future__ import annotations

from orchestrator.ledger.records import Attempt, State


def said_state(attempt: Attempt, *, live: bool) -> str:
    """Name the state; `live` says whether any run is alive: without one, what is still noted as running was killed."""
    if attempt.state is State.RUNNING and not live:
        return "did not end"
    if attempt.state is State.FAILED and attempt.failure_class == "cancelled":
        return "stopped"
    return str(attempt.state)
