"""What a builder runs natively, what under an emulator, and how much of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.builders.description import Part
from orchestrator.builders.machine import Machine
from orchestrator.builders.model import Access, Builder
from orchestrator.builders.slots import slots_for
from orchestrator.config.settings import BuilderSettings, Settings
from orchestrator.engine.binfmt import Execution
from orchestrator.engine.elf import RUNS_TOO
from orchestrator.engine.model import Engine
from orchestrator.matrix.model import Platform
from orchestrator.matrix.platforms import normalise, runs_too
from orchestrator.schedule.model import Node

#: The name of the only node when no builders are configured.
ENGINE_NODE = "engine"

#: How the wanted platforms run.
Executions = Mapping[Platform, Execution]


class UnusableError(Exception):
    """A builder answers, and cannot be used all the same; the text says why."""


def native_of(
    wanted: BuilderSettings, living: list[Part], machine: Machine | None, claimed: frozenset[str]
) -> frozenset[str]:
    """Tell what is native: what the config says, else what the machine is, else what each node names first.

    `claimed` are all that its nodes name, normalised: BuildKit's list has the emulated platforms, too, and no mark on them. Other variants
    of a native architecture (amd64/v3) are the CPU's own. Raises `UnusableError` when the config names none of what is claimed.
    """
    if wanted.platforms is not None:
        told = frozenset(map(normalise, wanted.platforms))
        if not told & claimed:
            claims = ", ".join(sorted(claimed)) or "no platform"
            raise UnusableError(f"the config says {', '.join(sorted(told))}, but it names {claims}")
        return _with_variants(told & claimed, claimed)
    own = [machine.platform] if machine is not None and len(living) == 1 else []
    own = own or [normalise(part.platforms[0]) for part in living if part.platforms]
    if not own:
        raise UnusableError("it names no platforms, and the config says none")
    return _with_variants(frozenset().union(*map(runs_too, own)), claimed) | (_siblings(own) & claimed)


def _with_variants(native: frozenset[str], claimed: frozenset[str]) -> frozenset[str]:
    kinds = {tuple(platform.split("/")[:2]) for platform in native}
    return native | {platform for platform in claimed if tuple(platform.split("/")[:2]) in kinds}


def _siblings(platforms: Iterable[str]) -> frozenset[str]:
    """Name what CPUs run besides their own architecture; a kernel may have been built without it."""
    split = [platform.split("/") for platform in platforms]
    return frozenset(f"{parts[0]}/{other}" for parts in split for other in RUNS_TOO.get(parts[1], ()))


def emulated_of(executions: Executions) -> frozenset[str]:
    """Name the platforms that run under an emulator, normalised."""
    return frozenset(normalise(str(platform)) for platform, execution in executions.items() if not execution.native)


def natively(executions: Executions) -> frozenset[str]:
    """Name the platforms that run without an emulator, normalised."""
    return frozenset(normalise(str(platform)) for platform, execution in executions.items() if execution.native)


def engine_itself(settings: Settings, engine: Engine, machine: Machine | None, executions: Executions) -> Builder:
    """Make the node that does all the work where no builders are configured; `machine` is None where the engine says nothing of it."""
    own = machine.platform if machine is not None else normalise(f"linux/{engine.architecture}")
    native = runs_too(own) | _siblings([own]) | natively(executions)
    emulated = emulated_of(executions) - native
    slots = slots_for(
        None,
        settings.emulation,
        cores=machine.cores if machine is not None else 0,
        memory=machine.memory if machine is not None else 0,
        emulates=bool(emulated),
    )
    return Builder(
        name=None,
        driver="docker",
        node=Node(name=ENGINE_NODE, native=native, emulated=emulated, slots=slots.all, emulated_slots=slots.emulated),
        engine=Access(host=engine.host, inherited=True),
        home=True,
        local=engine.local,
        arguments=(),
        environment=engine.environment,
    )
