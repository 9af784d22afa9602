"""Which order to work in: several are tried on the virtual clock, and the one that ends first is taken; early results decide between equals."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.config.settings import Emulation
from orchestrator.schedule.model import Node, Task
from orchestrator.schedule.scheduler import Priority, longest_way, results_early
from orchestrator.schedule.simulation import simulate

#: Above so many tasks the orders come out alike, and trying them takes longer than it saves.
_MOST = 1000
#: Results that come early are worth a run that takes so many times longer.
_WORTH = 1.02


def best_priority(
    tasks: Sequence[Task], nodes: Sequence[Node], *, emulation: Emulation = Emulation.FALLBACK, jobs: int | None = None
) -> Priority:
    """Choose the order for a run."""
    if len(tasks) > _MOST:
        return results_early
    spans = {
        priority: simulate(tasks, nodes, emulation=emulation, jobs=jobs, priority=priority).makespan
        for priority in (results_early, longest_way)
    }
    return results_early if spans[results_early] <= spans[longest_way] * _WORTH else longest_way
