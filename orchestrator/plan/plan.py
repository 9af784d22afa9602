"""What would be done to each cell, and why. Planning changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orchestrator.build.execution import Execution
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell
from orchestrator.plan.key import Key, key_for


class Action(StrEnum):
    """What to do with a cell."""

    BUILD = "build"
    PROVE = "prove"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known about a cell before it is planned; `base_digest` is empty while the base has not been resolved.

    `proofs` names the catalogue of proofs: an image that was proven by another one is proven again.
    """

    dockerfile: str
    base_digest: str
    execution: Execution
    proofs: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCell:
    """A cell with its key, what to do and why; `attempt` is the one whose image can be used again."""

    cell: Cell
    key: Key
    action: Action
    reason: str
    known: Known
    attempt: Attempt | None = None


def plan_cell(
    cell: Cell, known: Known, ledger: Ledger, *, present: Mapping[str, str] | None, force: bool = False
) -> PlannedCell:
    """Plan one cell. `present` maps references in the engine to their digests; None trusts the ledger."""
    key = key_for(cell, dockerfile=known.dockerfile, base_digest=known.base_digest, execution=known.execution)

    def planned(action: Action, reason: str, attempt: Attempt | None = None) -> PlannedCell:
        return PlannedCell(cell=cell, key=key, action=action, reason=reason, known=known, attempt=attempt)

    if force:
        return planned(Action.BUILD, "asked for with --force")
    proven = ledger.proven(cell.id, key.value)
    if proven is not None:
        return _proven(proven, planned, present, known.proofs)
    latest = ledger.latest(cell.id)
    if latest is None:
        return planned(Action.BUILD, "new: there is no attempt at it yet")
    if latest.key == key.value:
        return _same_key(latest, planned, present)
    return planned(Action.BUILD, _difference(latest.ingredients, key.ingredients))


class _Planned(Protocol):
    def __call__(self, action: Action, reason: str, attempt: Attempt | None = None) -> PlannedCell: ...


def _proven(proven: Attempt, planned: _Planned, present: Mapping[str, str] | None, proofs: str) -> PlannedCell:
    if present is not None and present.get(proven.reference) != proven.digest:
        return planned(Action.BUILD, "proven, but its image is no longer in the engine")
    if proven.proven_by != proofs:
        return planned(Action.PROVE, "built, but the proofs have changed since", proven)
    return planned(Action.NOTHING, f"proven on {proven.started[:10]} with the same key", proven)


def _same_key(latest: Attempt, planned: _Planned, present: Mapping[str, str] | None) -> PlannedCell:
    if latest.state is State.BUILT and (present is None or present.get(latest.reference) == latest.digest):
        return planned(Action.PROVE, "built, but not proven yet", latest)
    if latest.state is State.FAILED:
        return planned(
            Action.BUILD, f"the last attempt failed: {latest.failure_class or 'unknown'}: {latest.message[:120]}"
        )
    if latest.state is State.BUILT:
        return planned(Action.BUILD, "built, but not proven, and its image is no longer in the engine")
    return planned(Action.BUILD, "the last attempt did not end")


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    changed = [name for name in after if before.get(name) != after[name]]
    return "; ".join(_change(name, before.get(name, ""), after[name]) for name in changed) or "the key changed"


def _change(name: str, before: str, after: str) -> str:
    if name == "base":
        return f"the base moved from {_short(before)} to {_short(after)}"
    if name == "execution":
        return f"executed differently: {before or 'unknown'} before, {after} now"
    if name == "dockerfile":
        return "the recipe or an input changed (the Dockerfile differs)"
    return f"{name} changed"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "(unknown)"


def order(planned: Sequence[PlannedCell]) -> tuple[PlannedCell, ...]:
    """Put native cells first: they are quick, and a mistake in a recipe shows before an emulated build has spent an hour on it."""
    return tuple(sorted(planned, key=lambda one: one.known.execution.emulated))
