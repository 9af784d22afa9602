"""How a platform is executed by an engine: natively, or by which QEMU."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine import emulators
from orchestrator.engine.elf import RUNS_TOO, Machine, machine_of
from orchestrator.engine.embedded import require_host
from orchestrator.engine.emulators import UNKNOWN, Emulator
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine
from orchestrator.engine.packages import ensure_tree
from orchestrator.engine.registrations import KernelTable, Table
from orchestrator.errors import EnvironmentFailedError, OrchestratorError
from orchestrator.matrix.model import Platform
from orchestrator.system.files import locked
from orchestrator.system.places import Places
from orchestrator.system.process import Runner, run
from orchestrator.system.progress import Progress

__all__ = ["Emulator", "Execution", "ensure_emulation", "execution_for"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """How a platform runs; `emulator` is None for native execution."""

    platform: Platform
    emulator: Emulator | None = None

    @property
    def native(self) -> bool:
        """Whether no emulator is needed."""
        return self.emulator is None

    def __str__(self) -> str:
        return "native" if self.emulator is None else str(self.emulator)


def execution_for(
    platform: Platform, engine: Engine, *, table: Table | None = None, runner: Runner = run
) -> Execution | None:
    """Look how `engine` would run `platform`, changing nothing; None when it cannot.

    On this host's kernel it is tried with a tiny program of that architecture; an engine elsewhere is taken at its word.
    """
    architecture = platform.architecture
    if architecture == engine.architecture or architecture in RUNS_TOO.get(engine.architecture, ()):
        return Execution(platform=platform)
    if engine.local:
        return execution_here(platform, table=table, runner=runner)
    claimed = {tuple(name.split("/")[:2]) for name in engine.platforms}
    if (platform.os, architecture) not in claimed:
        return None
    remote = Emulator(architecture=architecture, interpreter=Path(UNKNOWN), version=UNKNOWN, flags="", sha256="")
    return Execution(platform=platform, emulator=remote)


def execution_here(platform: Platform, *, table: Table | None = None, runner: Runner = run) -> Execution | None:
    """Look how this host's kernel runs programs of `platform` in containers; None when it does not."""
    machine = machine_of(platform.architecture)
    table = KernelTable(runner=runner) if table is None else table
    if machine is None or not table.executes(machine):
        return None
    entries = [entry for entry in table.entries() if entry.runs(machine)]
    if not entries:
        return Execution(platform=platform)  # the CPU does it by itself
    fixed = next((entry for entry in entries if entry.fixed), None)
    if fixed is None:
        return None  # it runs here, but no container would find the interpreter
    return Execution(platform=platform, emulator=emulators.describe(machine, fixed, runner=runner))


def ensure_emulation(
    platforms: Iterable[Platform],
    engine: Engine,
    places: Places,
    progress: Progress,
    *,
    table: Table | None = None,
    runner: Runner = run,
) -> dict[Platform, Execution]:
    """Make every platform executable, registering Debian stable's static QEMU where nothing works, and say how each one runs.

    Raises `EnvironmentFailedError` with the mend when a platform cannot be run.
    """
    table = KernelTable(runner=runner) if table is None else table
    wanted = tuple(dict.fromkeys(platforms))
    found = {platform: execution_for(platform, engine, table=table, runner=runner) for platform in wanted}
    lacking = [platform for platform, execution in found.items() if execution is None]
    if lacking:
        machines = [_machine_for(platform, engine) for platform in lacking]
        _register(machines, lacking, places, progress, table=table, runner=runner)
        found.update({platform: execution_for(platform, engine, table=table, runner=runner) for platform in lacking})
    done = {platform: execution for platform, execution in found.items() if execution is not None}
    if len(done) != len(wanted):
        raise _cannot_run(
            [platform for platform in wanted if platform not in done], "QEMU was registered, but it is not used"
        )
    return done


def _register(
    machines: list[Machine],
    platforms: list[Platform],
    places: Places,
    progress: Progress,
    *,
    table: Table,
    runner: Runner,
) -> None:
    layout = Layout.of(places)
    try:
        require_host()
        with locked(layout.lock, what="the embedded engine"):
            tree = ensure_tree(layout, progress, runner=runner)
            progress.note(
                f"registering QEMU for {', '.join(map(str, platforms))} with this kernel ('orchestrator engine stop' takes it away)"
            )
            failed = emulators.register(machines, tree=tree, memory=layout.emulators, table=table, progress=progress)
    except OrchestratorError as error:
        raise _cannot_run(platforms, error.message) from error
    emulators.require(failed, [machine.architecture for machine in machines])


def _machine_for(platform: Platform, engine: Engine) -> Machine:
    machine = machine_of(platform.architecture)
    if machine is None:
        raise EnvironmentFailedError(
            f"no emulator is known for {platform}", mend="build it on a native node (see 'builders:' in the README)"
        )
    if not engine.local:
        raise EnvironmentFailedError(
            f"the engine at {engine.host} does not run {platform}, and its kernel is not this host's",
            mend="register static QEMU with flag F there (Debian: apt-get install qemu-user-binfmt), then restart that engine",
        )
    return machine


def _cannot_run(platforms: list[Platform], why: str) -> EnvironmentFailedError:
    return EnvironmentFailedError(
        f"nothing here runs {', '.join(map(str, platforms))}: {why}",
        mend="as root: apt-get install qemu-user-static (trixie and later: qemu-user-binfmt), or let 'sudo orchestrator engine start' register QEMU",
    )
