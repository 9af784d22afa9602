"""What would be done to each cell, and why. Planning changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from orchestrator.build.execution import Execution
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.model import Cell
from orchestrator.plan.difference import Change, changes
from orchestrator.plan.key import Key, key_of


class Action(StrEnum):
    """What to do with a cell."""

    BUILD = "build"
    PROVE = "prove"
    PUBLISH = "publish"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known about a cell before it is planned; `base_digest` is empty while the base has not been resolved.

    `execution` is how it is executed if it can be chosen, `alternatives` are other ways that are as good: which one it is decides itself while
    the builders are at work. `proofs` names the catalogue of proofs: an image that was proven by another one is proven again. `tools` is the
    identity of the native tools that an emulated build is given, empty where there are none; with `without_tools`, what was built without is as
    good. `digest` is the sha256 (hex) of the Dockerfile.
    """

    dockerfile: str
    base_digest: str
    execution: Execution
    alternatives: tuple[Execution, ...] = ()
    proofs: str = ""
    tools: str = ""
    without_tools: bool = True
    digest: str = field(default="")

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", hashlib.sha256(self.dockerfile.encode()).hexdigest())

    def key(self, cell: Cell, execution: Execution) -> Key:
        """Compute the key of the cell when it is executed in a certain way."""
        return key_of(
            cell,
            dockerfile=self.digest,
            base_digest=self.base_digest,
            execution=execution,
            tools=self.tools if execution.known else "",
        )

    def keys(self, cell: Cell) -> dict[str, Execution]:
        """Map the values of all keys that are as good to the way of execution, the one that is meant first."""
        ways = (self.execution, *self.alternatives)
        found = {self.key(cell, one).value: one for one in ways}
        if self.tools and self.without_tools:
            plain = replace(self, tools="")
            found |= {plain.key(cell, one).value: one for one in ways}
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCell:
    """A cell with its key, what to do and why; `attempt` is the one whose image can be used again.

    `before` is the attempt that the key was compared with (None for a new cell), `changes` what differs from it.
    """

    cell: Cell
    key: Key
    action: Action
    reason: str
    known: Known
    attempt: Attempt | None = None
    before: Attempt | None = None
    changes: tuple[Change, ...] = ()


#: What is done rather than something else, when several ways to execute a cell are as good.
_PREFERRED = (Action.NOTHING, Action.PROVE, Action.BUILD)
#: A later attempt with the same key that failed so shows that what was proven before was luck.
REFUSED = frozenset({"proof failed", "wrong architecture"})


class Memory(Protocol):
    """What a plan asks of the ledger."""

    def latest(self, cell: str) -> Attempt | None:
        """Find the last attempt at a cell, whatever became of it."""

    def proven(self, cell: str, key: str) -> Attempt | None:
        """Find the last proven attempt at a cell with exactly this key."""

    def dockerfile(self, digest: str) -> str | None:
        """Give the text of a Dockerfile that was built once."""


def plan_cell(
    cell: Cell, known: Known, memory: Memory, *, present: Mapping[str, str] | None, force: bool = False
) -> PlannedCell:
    """Plan one cell. `present` maps references in the engine to their digests; None trusts the ledger."""
    key = known.key(cell, known.execution)

    def planned(action: Action, reason: str, attempt: Attempt | None = None) -> PlannedCell:
        return PlannedCell(cell=cell, key=key, action=action, reason=reason, known=known, attempt=attempt)

    if force:
        return planned(Action.BUILD, "asked for with --force")
    latest = memory.latest(cell.id)
    if latest is None:
        return planned(Action.BUILD, "new: there is no attempt at it yet")
    keys = known.keys(cell)
    refused = latest.key in keys and latest.failure_class in REFUSED
    ways = tuple(dict.fromkeys(keys.values()))
    found = [(one, way) for value, way in keys.items() if (one := memory.proven(cell.id, value)) is not None]
    # Of images that were executed alike, with native tools or without, the newest: tags must not go back to an older one.
    found.sort(key=lambda pair: (ways.index(pair[1]), -pair[0].id))
    plans = [_proven(proven, planned, present, known, way) for proven, way in found]
    if plans and not refused:
        return min(plans, key=lambda plan: _PREFERRED.index(plan.action))
    if latest.key in keys:
        return replace(_same_key(latest, planned, present), before=latest)
    if not latest.ingredients:
        return planned(Action.BUILD, "the last attempt is too old to tell what it was made of")
    old = memory.dockerfile(latest.ingredients.get("dockerfile", ""))
    differing = changes(latest.ingredients, key.ingredients, old=old, new=known.dockerfile)
    reason = "; ".join(change.said for change in differing) or "the key changed"
    return PlannedCell(
        cell=cell, key=key, action=Action.BUILD, reason=reason, known=known, before=latest, changes=differing
    )


class _Planned(Protocol):
    def __call__(self, action: Action, reason: str, attempt: Attempt | None = None) -> PlannedCell: ...


def _proven(
    proven: Attempt, planned: _Planned, present: Mapping[str, str] | None, known: Known, execution: Execution
) -> PlannedCell:
    if present is not None and present.get(proven.reference) != proven.digest:
        return planned(Action.BUILD, "proven, but its image is no longer in the engine")
    if proven.proven_by != known.proofs:
        return planned(
            Action.PROVE, "built, but the proofs have changed since (the catalogue of proofs is another one)", proven
        )
    how = "" if execution is known.execution else f" ({execution}, which is as good)"
    return planned(Action.NOTHING, f"proven on {proven.started[:10]} with the same key{how}", proven)


def _same_key(latest: Attempt, planned: _Planned, present: Mapping[str, str] | None) -> PlannedCell:
    there = present is None or present.get(latest.reference) == latest.digest
    if latest.state is State.BUILT and there:
        return planned(Action.PROVE, "built, but not proven yet", latest)
    if latest.state is State.RUNNING and present is not None and latest.reference in present:
        # buildx names an image only when all of it is in the store: what its run was killed too early to remember is whole.
        return planned(Action.PROVE, "built by a run that was killed, but not proven yet", latest)
    if latest.state is State.FAILED and latest.failure_class == "cancelled":
        return planned(Action.BUILD, f"the last attempt was stopped: {latest.message[:120]}")
    if latest.state is State.FAILED:
        return planned(
            Action.BUILD, f"the last attempt failed: {latest.failure_class or 'unknown'}: {latest.message[:120]}"
        )
    if latest.state is State.BUILT:
        return planned(Action.BUILD, "built, but not proven, and its image is no longer in the engine")
    return planned(Action.BUILD, "the last attempt did not end")
