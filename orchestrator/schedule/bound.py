"""What no schedule can beat: the longest cell, and the work of each kind of slot spread evenly over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from orchestrator.config.settings import Emulation
from orchestrator.schedule.model import Node, Task


def lower_bound(
    tasks: Sequence[Task], nodes: Sequence[Node], *, emulation: Emulation = Emulation.FALLBACK, jobs: int | None = None
) -> float:
    """Seconds that any schedule takes at least: the maximum of the critical path and of work over slots.

    Each task is counted at the quickest way in which some node may execute it; what only certain nodes may execute, over their slots alone.
    """
    builders = [node for node in nodes if node.builds]
    native = {platform for node in builders for platform in node.native}
    emulated = {platform for node in builders if node.emulated_slots for platform in node.emulated}
    paths: dict[str, float] = defaultdict(float)
    work: dict[frozenset[str], float] = defaultdict(float)
    slots = {node.name: node.slots for node in nodes}
    for task in tasks:
        if task.node is not None:
            seconds = task.seconds(
                emulated=any(one.name == task.node and task.platform not in one.native for one in nodes)
            )
            may = frozenset({task.node})
        elif task.platform in native:
            seconds = min(task.native, task.emulated) if emulation is Emulation.ALLOW else task.native
            helpers = (
                builders if emulation is Emulation.ALLOW else [one for one in builders if task.platform in one.native]
            )
            may = frozenset(one.name for one in helpers if one.runs(task.platform))
        elif task.platform in emulated and emulation is not Emulation.NEVER:
            seconds = task.emulated
            may = frozenset(one.name for one in builders if one.runs(task.platform))
        else:
            continue  # nothing can run it: it takes no time
        paths[task.cell] += seconds
        work[may] += seconds
    bounds = [max(paths.values(), default=0.0)]
    for group in {*work, frozenset(slots)}:
        shared = sum(slots[name] for name in group)
        limit = shared if jobs is None else min(shared, jobs)
        bounds.append(sum(seconds for may, seconds in work.items() if may <= group) / max(limit, 1))
    return max(bounds)
