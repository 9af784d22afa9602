"""The builders of a run: which nodes there are, how each executes a platform, where images land and are proven."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import docker

from orchestrator.build.execution import Execution
from orchestrator.builders.carry import open_client
from orchestrator.builders.model import Builder
from orchestrator.builders.nodes import ENGINE_NODE
from orchestrator.builders.probe import probe, still_alive
from orchestrator.config.settings import Emulation, Settings
from orchestrator.engine.binfmt import Execution as EngineExecution
from orchestrator.engine.binfmt import ensure_emulation, execution_for
from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError
from orchestrator.matrix.model import Cell, Platform
from orchestrator.matrix.platforms import normalise
from orchestrator.schedule.model import Node
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Farm:
    """Living builders by the name of their node. `emulators` name the emulator (and its version) of each platform on this host's kernel."""

    engine: Engine
    builders: Mapping[str, Builder]
    emulators: Mapping[str, str]
    emulation: Emulation = Emulation.FALLBACK

    @property
    def home(self) -> str:
        """The node of the engine that images come home to."""
        return next((name for name, builder in self.builders.items() if builder.home and builder.engine), ENGINE_NODE)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes to schedule on; the engine proves what others have built even where it is no builder."""
        nodes = tuple(builder.node for builder in self.builders.values())
        if self.home in self.builders:
            return nodes
        native = frozenset({normalise(f"linux/{self.engine.architecture}")})
        return (*nodes, Node(name=self.home, native=native, slots=max(node.slots for node in nodes), builds=False))

    def proves(self, node: str) -> str:
        """Name the node on which an image is proven that was built on another: where its engine is."""
        return node if self.builders[node].engine is not None else self.home

    def execution(self, node: str, name: str, *, emulated: bool) -> Execution:
        """Tell how a node executes a platform (normalised), as it goes into a key."""
        if not emulated:
            return Execution()
        builder = self.builders.get(node)
        if builder is None or builder.local:
            return Execution(emulator=self.emulators.get(name) or "unknown")
        return Execution(emulator=f"unknown, of builder {node}")

    def executions(self, cell: Cell) -> tuple[Execution, ...]:
        """List the ways in which this farm may execute a cell, the one that is meant first.

        Where no living builder can at all, it is the native way: what a native builder has proven before it went away stays proven.
        """
        name = normalise(str(cell.architecture.platform))
        nodes = [builder.node for builder in self.builders.values()]
        ways = [Execution()] if any(name in node.native for node in nodes) else []
        if self.emulation is not Emulation.NEVER:
            ways += [
                self.execution(node.name, name, emulated=True)
                for node in nodes
                if name in node.emulated and node.emulated_slots
            ]
        return tuple(dict.fromkeys(ways)) or (Execution(),)

    def machine(self, node: str) -> str:
        """Name the machine that durations are learned for."""
        builder = self.builders.get(node)
        return platform.node() if builder is None or builder.home else node

    def alive(self, node: str) -> bool:
        """Ask whether a node still answers."""
        builder = self.builders.get(node)
        if builder is None:
            builder = replace(next(iter(self.builders.values())), name=None)
        return still_alive(builder, self.engine)

    def engine_of(self, node: str) -> Engine:
        """The engine in which the images of a node land."""
        builder = self.builders.get(node)
        if builder is None or builder.home or builder.engine is None:
            return self.engine
        environment = builder.engine.environment(self.engine.environment)
        return replace(self.engine, host=builder.engine.host, environment=environment, embedded=False)

    @contextlib.contextmanager
    def client(self, node: str) -> Iterator[docker.DockerClient]:
        """Open a connection to that engine."""
        with open_client(self.builders[node], self.engine) as client:
            yield client

    def away(self, node: str) -> bool:
        """True when the images of a node land in another engine than the one at home."""
        builder = self.builders.get(node)
        return builder is not None and builder.engine is not None and not builder.home


def open_farm(settings: Settings, engine: Engine, cells: Sequence[Cell], places: Places, progress: Progress) -> Farm:
    """Ask the builders, and make emulated platforms executable where they may be emulated here.

    Raises `EnvironmentFailedError` when no builder answers, or when the only engine cannot execute what is wanted.
    """
    platforms = tuple({cell.architecture.platform: None for cell in cells})
    executions = _executions(settings, engine, platforms, places, progress)
    builders, dead = probe(settings, engine, executions=executions)
    for one in dead:
        progress.warn(f"builder {one} (it is left out)")
    if not builders:
        raise EnvironmentFailedError(
            f"no builder answers: {'; '.join(map(str, dead))}",
            mend="run 'orchestrator doctor', or correct builders: in the config",
        )
    emulators = {normalise(str(one)): str(how.emulator) for one, how in executions.items() if how.emulator is not None}
    return Farm(
        engine=engine,
        builders={builder.node.name: builder for builder in builders},
        emulators=emulators,
        emulation=settings.emulation,
    )


def _executions(
    settings: Settings, engine: Engine, platforms: Sequence[Platform], places: Places, progress: Progress
) -> dict[Platform, EngineExecution]:
    if not settings.builders and settings.emulation is not Emulation.NEVER:
        return ensure_emulation(platforms, engine, places, progress)
    found: dict[Platform, EngineExecution] = {}
    for one in platforms:
        how = execution_for(one, engine)
        if how is None and settings.emulation is not Emulation.NEVER:
            # A builder may run it natively: what cannot be emulated here is no failure yet.
            with contextlib.suppress(EnvironmentFailedError):
                how = ensure_emulation([one], engine, places, progress)[one]
        if how is not None:
            found[one] = how
    return found
