"""A plan as people and machines read it: the list, one cell in full, and a simulated run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestrator.build.failure import FailureClass
from orchestrator.plan.difference import recipe_diff
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.report.wording import count, spoken
from orchestrator.schedule.model import Node
from orchestrator.schedule.simulation import Simulated

_NO_NODE = " (no node runs their platform)"
_DONE = {Action.NOTHING: "done", Action.PUBLISH: "to publish", Action.BUILD: "to build", Action.PROVE: "to prove"}


def describe_cell(one: PlannedCell) -> dict[str, Any]:
    """Give the public JSON form of a planned cell."""
    return {
        "id": one.cell.id,
        "action": str(one.action),
        "reason": one.reason,
        "key": one.key.value,
        "ingredients": dict(one.key.ingredients),
    }


def plan_lines(planned: Sequence[PlannedCell]) -> list[str]:
    """Write a line per cell, and how many there are of each."""
    width = max((len(one.cell.id) for one in planned), default=0)
    lines = [f"{one.cell.id:{width}}  {one.action:7}  {one.reason}" for one in planned]
    counts = Counter(one.action for one in planned)
    return [
        *lines,
        ", ".join(f"{counts[action]} {word}" for action, word in _DONE.items() if counts[action]) or "no cells",
    ]


def describe_why(one: PlannedCell, old: str | None) -> dict[str, Any]:
    """Give the public JSON form of one cell in full; `old` is the Dockerfile that it was built from before, where that is known."""
    before = one.before or one.attempt
    return {
        **describe_cell(one),
        "changes": [
            {"ingredient": change.ingredient, "before": change.before, "after": change.after, "said": change.said}
            for change in one.changes
        ],
        "dockerfile_diff": list(recipe_diff(old, one.known.dockerfile)) if old is not None and one.changes else [],
        "compared_with": None
        if before is None
        else {
            "attempt": before.id,
            "run": before.run,
            "started": before.started,
            "state": str(before.state),
            "failure": before.failure_class,
            "message": before.message,
            "log": before.log,
        },
    }


def why_lines(one: PlannedCell, old: str | None) -> list[str]:
    """Write one cell in full: action and reason, what went into the key, what differs from the attempt before, and the recipe's diff."""
    unknown = {"base", "execution"} if not one.key.ingredients.get("base") else set()
    heading = f"key {one.key.value}" if not unknown else "the key, as far as it is known without an engine,"
    lines = [f"{one.cell.id}: {one.action}", f"  because {one.reason}", "", heading, "  is made of"]
    changed = {change.ingredient: change for change in one.changes}
    width = max(map(len, one.key.ingredients))
    for name, value in one.key.ingredients.items():
        mark = "*" if name in changed else " "
        shown = "(not known yet)" if name in unknown else value or "(none)"
        lines.append(f"  {mark} {name:{width}}  {shown}")
        if name in changed:
            lines.append(f"    {'before':{width}}  {changed[name].before or '(unknown)'}")
    lines.append(f"    {'proofs':{width}}  {one.known.proofs} (not part of the key: a change proves again)")
    before = one.before or one.attempt
    if before is not None:
        ended = f": {before.failure_class}: {before.message}" if before.failure_class else ""
        lines += [
            "",
            f"compared with attempt {before.id} of run {before.run}, {before.started[:19]}, {before.state}{ended}",
        ]
        lines += [f"  log {before.log}"] if before.log else []
    if old is not None and one.changes:
        diff = recipe_diff(old, one.known.dockerfile)
        lines += ["", "the Dockerfile then and now", *(f"  {line}" for line in diff)] if diff else []
    return lines


def describe_simulation(simulated: Simulated, nodes: Sequence[Node], guessed: int = 0) -> dict[str, Any]:
    """Give the public JSON form of a simulated run: seconds, and shares between 0 and 1."""
    return {
        "makespan": round(simulated.makespan, 3),
        "lower_bound": round(simulated.lower_bound, 3),
        "ratio": None if simulated.failed else round(simulated.ratio, 4),
        "utilisation": round(simulated.utilisation.get("", 0.0), 4),
        "retries": simulated.retries,
        "guessed": guessed,
        "failed": {cell: str(kind) for cell, kind in simulated.failed.items()},
        "nodes": [
            {
                "name": node.name,
                "platforms": sorted(node.native),
                "slots": node.slots,
                "emulated_slots": node.emulated_slots,
                "utilisation": round(simulated.utilisation.get(node.name, 0.0), 4),
            }
            for node in nodes
        ],
        "schedule": [
            {
                "id": step.cell,
                "stage": step.stage,
                "node": step.node,
                "emulated": step.emulated,
                "start": round(step.start, 3),
                "end": round(step.end, 3),
                "failure": str(step.failure) if step.failure else None,
            }
            for step in simulated.steps
        ],
    }


def simulation_lines(simulated: Simulated, nodes: Sequence[Node], guessed: int = 0) -> list[str]:
    """Write what a simulated run comes to; `guessed` is how many of its cells were never measured."""
    if not simulated.steps and not simulated.failed:
        return ["nothing is to be done (--force simulates everything)"]
    width = max((len(node.name) for node in nodes), default=0)
    lines = []
    for node in nodes:
        share = simulated.utilisation.get(node.name, 0.0)
        stages = [step for step in simulated.steps if step.node == node.name]
        emulated = sum(step.emulated for step in stages)
        lines.append(
            f"{node.name:{width}}  {node.slots} slots ({node.emulated_slots} may be emulated)  {share:4.0%} busy"
            f"  {len(stages)} stages, {emulated} emulated"
        )
    lines.append(
        f"the run would take {spoken(simulated.makespan)}"
        # What failed has not been worked on to its end: then the bound says nothing.
        + (
            ""
            if simulated.failed
            else f"; no schedule beats {spoken(simulated.lower_bound)} (ratio {simulated.ratio:.2f})"
        )
        + f"; slots busy {simulated.utilisation.get('', 0.0):.0%}"
    )
    if guessed:
        lines.append(f"the durations of {count(guessed, 'cell')} are guesses: they have not been measured yet")
    if simulated.retries or simulated.failed:
        lines.append(f"{count(simulated.retries, 'stage')} tried again, {count(len(simulated.failed), 'cell')} failed")
    for kind, number in Counter(simulated.failed.values()).items():
        lines.append(f"  {count(number, 'cell')}: {kind}{_NO_NODE if kind is FailureClass.EMULATOR_MISSING else ''}")
    return lines
