"""Asking the configured builders, all at once, who they are and whether they answer."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.builders.description import Description, Part, read_description
from orchestrator.builders.machine import SECONDS, Machine, access_of, is_local, machine_of
from orchestrator.builders.model import Access, Builder, Dead
from orchestrator.builders.nodes import Executions, UnusableError, emulated_of, engine_itself, native_of, natively
from orchestrator.builders.slots import slots_for
from orchestrator.config.settings import BuilderSettings, Emulation, Settings
from orchestrator.engine.model import Engine
from orchestrator.matrix.platforms import normalise, runs_too
from orchestrator.schedule.model import Node
from orchestrator.system.process import Command, Completed, Runner, run

#: Drivers that start their BuildKit themselves when it is first used.
_STARTING = frozenset({"docker-container", "kubernetes"})
#: Drivers that have a Docker Engine below them, which can be asked about its machine.
_ON_ENGINES = frozenset({"docker", "docker-container"})
_QUICK_SECONDS = 10.0


def probe(
    settings: Settings,
    engine: Engine,
    *,
    executions: Executions | None = None,
    boot: bool = True,
    runner: Runner = run,
) -> tuple[tuple[Builder, ...], tuple[Dead, ...]]:
    """Ask every configured builder, in parallel, each question for 20 s at most; without any, the engine itself is the only one.

    `executions` say how the engine runs the wanted platforms. `boot` starts builders that their driver starts by itself (docker-container,
    kubernetes). Returns those that can work, in the order of the config, and those that cannot.
    """
    executions = {} if executions is None else executions
    answered = machine_of(None, engine, runner)
    home = answered if isinstance(answered, Machine) else None
    if not settings.builders:
        return (engine_itself(settings, engine, home, executions),), ()
    asking = _Asking(
        emulation=settings.emulation, engine=engine, home=home, executions=executions, boot=boot, runner=runner
    )
    with ThreadPoolExecutor(max_workers=min(len(settings.builders), 32)) as pool:
        return _distinct(list(pool.map(asking.ask, settings.builders)))


def still_alive(builder: Builder, engine: Engine, *, runner: Runner = run) -> bool:
    """Ask once, for 10 s at most, whether a builder answers; for use after a build that lost its engine."""
    if builder.name is None:
        return runner(
            Command(
                argv=(engine.docker, "version", "--format", "{{.Server.Version}}"),
                environment=engine.environment,
                timeout=_QUICK_SECONDS,
            )
        ).ok
    answer = _inspect(builder.name, engine, runner, seconds=_QUICK_SECONDS)
    return answer.ok and any(part.running for part in read_description(answer.text).parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What came of one builder: itself, what of it is dead, and the identity of the engine in which its images land."""

    builder: Builder | None = None
    dead: tuple[Dead, ...] = ()
    identity: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """All that is the same for every builder that is asked."""

    emulation: Emulation
    engine: Engine
    home: Machine | None
    executions: Executions
    boot: bool
    runner: Runner

    def ask(self, wanted: BuilderSettings) -> _Answer:
        answer = _inspect(wanted.name, self.engine, self.runner)
        seen = read_description(answer.text)
        starting = seen.driver in _STARTING and not seen.error and not all(part.running for part in seen.parts)
        if answer.ok and starting and self.boot:
            answer = _inspect(wanted.name, self.engine, self.runner, "--bootstrap")
            # A node that did not start is named in stdout, which a failure leaves empty: then nothing more is known of any.
            seen = read_description(answer.text) if answer.ok else seen
        living = [part for part in seen.parts if part.running]
        if not living:
            idle = starting and answer.ok and not self.boot and not any(part.error for part in seen.parts)
            return _Answer(dead=(Dead(name=wanted.name, reason=_why_dead(answer, seen), idle=idle),))
        dead = tuple(
            Dead(name=f"{wanted.name} (node {part.name})", reason=part.error or f"is {part.status or 'not running'}")
            for part in seen.parts
            if not part.running
        )
        try:
            return self._living(wanted, seen.driver, living, dead)
        except UnusableError as error:
            return _Answer(dead=(Dead(name=wanted.name, reason=str(error)),))

    def _living(self, wanted: BuilderSettings, driver: str, living: list[Part], dead: tuple[Dead, ...]) -> _Answer:
        access, machine = self._behind(driver, living)
        named = {normalise(platform) for part in living for platform in part.platforms}
        claimed = frozenset(older for platform in named for older in runs_too(platform))
        native = native_of(wanted, living, machine, claimed)
        lands = access if driver == "docker" else None
        home = lands is None or (
            machine is not None and self.home is not None and machine.identity == self.home.identity
        )
        if lands is not None and home:
            # The same engine may have several addresses; the one in use says that nothing has to be carried.
            lands = Access(host=self.engine.host, inherited=True)
            native |= natively(self.executions) if wanted.platforms is None else frozenset()
            claimed |= emulated_of(self.executions)
        emulated = claimed - native
        slots = slots_for(
            wanted,
            self.emulation,
            # Of a builder with several nodes, the first one's machine says nothing about the others.
            cores=machine.cores if machine is not None and len(living) == 1 else 0,
            memory=machine.memory if machine is not None and len(living) == 1 else 0,
            emulates=bool(emulated),
        )
        node = Node(name=wanted.name, native=native, emulated=emulated, slots=slots.all, emulated_slots=slots.emulated)
        arguments, environment = self._way(wanted.name, lands, home=home)
        builder = Builder(
            name=wanted.name,
            driver=driver,
            node=node,
            engine=lands,
            home=home,
            local=is_local(access, machine),
            arguments=arguments,
            environment=environment,
        )
        return _Answer(builder=builder, dead=dead, identity=machine.identity if lands is not None and machine else "")

    def _way(self, name: str, lands: Access | None, *, home: bool) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Tell how builds reach it. buildx refuses a context's builder while another context, or DOCKER_HOST, is in force.

        So an engine is named by its address. As the address is in force, its builder is called default.
        """
        if lands is None:
            return ("--builder", name), self.engine.environment
        if not home:
            return ("--builder", "default"), lands.environment(self.engine.environment)
        # Without an address the current context is in force, whose builder has its name.
        addressed = bool(self.engine.environment.get("DOCKER_HOST"))
        return ("--builder", "default") if addressed else (), self.engine.environment

    def _behind(self, driver: str, living: list[Part]) -> tuple[Access | None, Machine | None]:
        """Find the engine below a builder, and its machine. The docker driver is nothing without one."""
        if driver not in _ON_ENGINES:
            return None, None
        access = access_of(living[0].endpoint, self.engine, self.runner)
        if access is None:
            if driver == "docker":
                raise UnusableError(f"there is no docker context {living[0].endpoint}")
            return None, None
        machine = machine_of(access, self.engine, self.runner)
        if isinstance(machine, str):
            if driver == "docker":
                raise UnusableError(f"the engine at {access.host} does not answer: {machine}")
            return access, None
        return access, machine


def _inspect(name: str, engine: Engine, runner: Runner, *options: str, seconds: float = SECONDS) -> Completed:
    argv = (engine.docker, "buildx", "inspect", *options, name)
    return runner(Command(argv=argv, environment=engine.environment, timeout=seconds))


def _why_dead(answer: Completed, seen: Description) -> str:
    if not answer.ok:
        return answer.reason.removeprefix("ERROR: ")
    states = [f"node {part.name} is {part.status}" for part in seen.parts if part.status]
    return seen.error or next((part.error for part in seen.parts if part.error), "; ".join(states) or "has no nodes")


def _distinct(answers: list[_Answer]) -> tuple[tuple[Builder, ...], tuple[Dead, ...]]:
    """Leave out a builder that is named twice, or whose engine another one stands for already: its slots would count twice."""
    builders: list[Builder] = []
    dead: list[Dead] = []
    known: dict[str, str] = {}
    for answer in answers:
        dead += answer.dead
        builder = answer.builder
        if builder is None:
            continue
        other = known.get(answer.identity) if answer.identity else None
        if builder.node.name in {taken.node.name for taken in builders}:
            dead.append(Dead(name=builder.node.name, reason="named twice in the config"))
        elif other is not None:
            dead.append(Dead(name=builder.node.name, reason=f"the same engine as builder {other}"))
        else:
            builders.append(builder)
            if answer.identity:
                known[answer.identity] = builder.node.name
    return tuple(builders), tuple(dead)
