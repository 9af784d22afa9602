"""All the looks of `orchestrator doctor`, in the order in which a person mends things."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from orchestrator.acceleration.catalogue import load_facts
from orchestrator.acceleration.checkup import check_acceleration
from orchestrator.acceleration.gate.verdicts import verdict_of
from orchestrator.acceleration.stock import stocked
from orchestrator.builders.probe import probe
from orchestrator.config.settings import Acceleration, Settings
from orchestrator.engine import checks
from orchestrator.engine.binfmt import Execution, execution_for, execution_here
from orchestrator.engine.checks import Check, Verdict
from orchestrator.engine.client import client_environment
from orchestrator.engine.connect import find_engine, ordered_engine
from orchestrator.engine.embedded import native_architecture, require_host
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine
from orchestrator.engine.packages import Tree, current_tree
from orchestrator.engine.registrations import KernelTable, Table
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Architecture
from orchestrator.system.apt import Mirror, host_mirror, require_apt
from orchestrator.system.places import Places
from orchestrator.system.process import Runner, run

__all__ = ["Check", "Verdict", "examine"]


def examine(
    places: Places,
    architectures: Iterable[Architecture],
    *,
    settings: Settings | None = None,
    environment: Mapping[str, str] | None = None,
    runner: Runner = run,
    table: Table | None = None,
    mirror: Callable[[], Mirror] = host_mirror,
) -> list[Check]:
    """Look at everything that the work needs, the builders of `settings` included; changes nothing, starts no engine and no builder."""
    base = os.environ if environment is None else environment
    layout = Layout.of(places)
    table = KernelTable(runner=runner) if table is None else table
    tree = current_tree(layout)
    engine, refusals = find_engine(places, environment=base, runner=runner)
    obstacle = _obstacle(tree, ordered_engine(base, layout) if engine is None else None)
    docker, client = _client(engine, tree, layout, base)
    found = [
        checks.check_engine(engine, refusals, obstacle),
        checks.check_buildx(engine, tree.versions.get("docker-buildx") if tree else None),
        checks.check_store(engine),
        checks.check_kernel(platform.release(), table_mounted=table.mounted()),
    ]
    executions: dict[Architecture, Execution | None] = {}
    for architecture in architectures:
        if engine is not None:
            execution = execution_for(architecture.platform, engine, table=table, runner=runner)
        else:
            execution = execution_here(architecture.platform, table=table, runner=runner)
        # QEMU can be registered here for the embedded engine, and for any that shares this kernel.
        embeddable = obstacle is None and (engine is None or engine.local)
        found.append(checks.check_execution(architecture, execution, embeddable=embeddable))
        if execution is not None or embeddable:
            executions[architecture] = execution
    found += _acceleration(executions, engine, settings, places)
    found += _builders(settings, engine, runner)
    found.append(checks.check_disk("disk (cache)", places.cache))
    if engine is not None and engine.local and engine.data_root:
        found.append(checks.check_disk("disk (engine)", Path(engine.data_root)))
    found.append(checks.check_memory())
    found.append(checks.check_registry(docker, client, runner))
    found.append(checks.check_mirror(mirror, needed=engine is None and tree is None, runner=runner))
    return found


def _acceleration(
    executions: Mapping[Architecture, Execution | None],
    engine: Engine | None,
    settings: Settings | None,
    places: Places,
) -> list[Check]:
    own = native_architecture() if engine is None else engine.architecture
    host = next((one.name for one in executions if one.platform.architecture == own), own)
    records = [one.record for one in stocked(places) if one.record is not None]
    looks = (
        check_acceleration(
            architecture,
            execution,
            host,
            load_facts(),
            local=engine is None or engine.local,
            acceleration=Acceleration.AUTO if settings is None else settings.acceleration,
            records=records,
            judgement=lambda digest: verdict_of(places, digest),
        )
        for architecture, execution in executions.items()
    )
    return [one for one in looks if one is not None]


def _builders(settings: Settings | None, engine: Engine | None, runner: Runner) -> list[Check]:
    if settings is None or not settings.builders:
        return []
    names = dict.fromkeys(wanted.name for wanted in settings.builders)
    if engine is None:
        return [checks.check_builder(name, (), (), asked=False) for name in names]
    living, dead = probe(settings, engine, boot=False, runner=runner)
    return [checks.check_builder(name, living, dead) for name in names]


def _obstacle(tree: Tree | None, ordered: str | None) -> EnvironmentFailedError | None:
    """What keeps the embedded engine from being started here."""
    if ordered is not None:
        return EnvironmentFailedError(
            f"{ordered} is taken for an order, so no other engine is used",
            mend="start that engine, or unset that variable",
        )
    try:
        require_host()
        if tree is None:
            require_apt(for_what="fetch the embedded engine")
    except EnvironmentFailedError as error:
        return error
    return None


def _client(
    engine: Engine | None, tree: Tree | None, layout: Layout, base: Mapping[str, str]
) -> tuple[str | None, Mapping[str, str]]:
    if engine is not None:
        return engine.docker, engine.environment
    if tree is not None and layout.client.is_dir():
        return str(tree.docker), client_environment(layout, base)
    return None, base
