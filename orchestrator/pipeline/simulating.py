"""From a plan to a simulated run of it: on the nodes that are named, else on those of the config, else on this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from orchestrator.builders.slots import slots_for
from orchestrator.config.settings import Emulation, Settings
from orchestrator.engine.embedded import oci_name
from orchestrator.matrix.model import Matrix
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.foresight import Foresight
from orchestrator.pipeline.run import tasks_for
from orchestrator.schedule.conductor import Patience
from orchestrator.schedule.durations import Durations
from orchestrator.schedule.model import Node
from orchestrator.schedule.priorities import best_priority
from orchestrator.schedule.simulation import Simulated, simulate
from orchestrator.schedule.words import Machines, read_durations, read_nodes, read_rates


def simulate_plan(
    matrix: Matrix,
    foresight: Foresight,
    settings: Settings,
    *,
    nodes: Sequence[str] = (),
    durations: Path | None = None,
    rates: Sequence[str] = (),
    jobs: int | None = None,
    seed: int = 0,
) -> tuple[Simulated, tuple[Node, ...], int]:
    """Lead what is planned to its end on a virtual clock; returns that, the nodes, and how many cells were never measured.

    Durations are those of `durations`, else recorded ones, else the prior. Raises `UsageError` for words that mean nothing, `InvalidFileError`.
    """
    own = normalise(f"linux/{oci_name(platform.machine())}")
    farm = (
        read_nodes(nodes, Machines(known=matrix.known, own=own)) if tuple(nodes) else _configured(matrix, settings, own)
    )
    given = read_durations(durations, {cell.id for cell in matrix.cells}) if durations is not None else ()
    told = {(one.cell, one.stage, one.emulated) for one in given}
    recorded = (one for one in foresight.seen if (one.cell, one.stage, one.emulated) not in told)
    tasks = tasks_for(foresight.planned, Durations(seen=(*given, *recorded)))
    jobs = jobs if jobs is not None else settings.jobs
    emulation = settings.emulation
    found = simulate(
        tasks,
        farm,
        emulation=emulation,
        jobs=jobs,
        failures=read_rates(rates),
        patience=Patience(attempts=settings.retries.attempts, seconds=settings.retries.minutes * 60),
        priority=best_priority(tasks, farm, emulation=emulation, jobs=jobs),
        seed=seed,
    )
    known = {one.cell for one in (*given, *foresight.seen)}
    return found, farm, len({task.cell for task in tasks} - known)


def _configured(matrix: Matrix, settings: Settings, own: str) -> tuple[Node, ...]:
    """Make nodes of what the config says, without asking the builders; what it leaves open is taken from this machine."""
    everything = frozenset(normalise(str(one.platform)) for one in matrix.known)
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    nodes = []
    for one in settings.builders or (None,):
        native = frozenset(map(normalise, one.platforms)) if one is not None and one.platforms else frozenset({own})
        emulates = settings.emulation is not Emulation.NEVER
        slots = slots_for(one, settings.emulation, cores=cores, memory=memory, emulates=emulates)
        nodes.append(
            Node(
                name=one.name if one is not None else "engine",
                native=native,
                emulated=everything - native if emulates else frozenset(),
                slots=slots.all,
                emulated_slots=slots.emulated,
            )
        )
    return tuple(nodes)
