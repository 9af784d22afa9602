"""How a cell stood at the end of a run, from what the ledger remembers of it."""

from __future__ import annotations

from orchestrator.ledger.hindsight import Glance, Verdict
from orchestrator.ledger.records import Examination, State, Visit
from orchestrator.report.run.model import CellState

_ENDED = {
    (str(State.PROVEN), False): CellState.PROVEN,
    (str(State.FAILED), False): CellState.FAILED,
}


def glance_state(glance: Glance | None) -> CellState:
    """Say how an attempt ended; one that is noted as running has been killed, unless its run is alive."""
    if glance is None:
        return CellState.NEVER
    return _ENDED.get((glance.state, glance.failure_class == "cancelled"), CellState.STOPPED)


def examined_state(examination: Examination, glance: Glance | None) -> CellState:
    """Say what an examination comes to: one failed proof refuses; those that passed count as far as the image is that of the last attempt."""
    if any(one.verdict == "failed" for one in examination.proofs):
        return CellState.FAILED
    if glance is not None and glance.digest == examination.digest:
        return glance_state(glance)
    return CellState.PROVEN if examination.proofs else glance_state(glance)


def visited_state(visit: Visit, glance: Glance | None, *, going: bool) -> CellState:
    """Say what came of a cell that a run meant to work on; where the run does not say, its attempt does."""
    if visit.outcome:
        return CellState(visit.outcome)
    if glance is None or glance.run != visit.run:
        return CellState.RUNNING if going and visit.action == "prove" else CellState.NOT_TRIED
    if going and glance.state in {State.RUNNING, State.BUILT}:
        return CellState.RUNNING
    return glance_state(glance)


def standing(glance: Glance | None, verdict: Verdict | None, examination: Examination | None) -> CellState:
    """Say how a cell stands that the run did not work on: by the last that happened to it before.

    The attempt itself may tell of later runs, since proofs that are made again replace those before; the verdict does not.
    """
    run = max(verdict.run if verdict else 0, glance.run if glance else 0)
    later = examination is not None and examination.run > run
    if later and examination is not None and glance is not None and examination.digest == glance.digest:
        return examined_state(examination, glance)
    if verdict is not None and (glance is None or verdict.run >= glance.run):
        return CellState(verdict.outcome)
    return glance_state(glance)
