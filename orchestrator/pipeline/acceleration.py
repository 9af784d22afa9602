"""Which cells of a run are built with native tools: part of the plan; made and judged by the first build that takes them."""

from __future__ import annotations

import functools
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from orchestrator.acceleration.catalogue import cache_for, tools_for
from orchestrator.acceleration.gate.judging import judge
from orchestrator.acceleration.gate.model import Trial, UnjudgedError
from orchestrator.acceleration.gate.verdicts import keep_verdict, verdict_of
from orchestrator.acceleration.making import Workbench, plan_tools
from orchestrator.acceleration.model import CONTEXT, Made, Tools, ToolsPlan, UnacceleratedError, Verdict
from orchestrator.bases.resolve import BaseResolver
from orchestrator.build.buildx import BuildRequest, BuildResult, build
from orchestrator.config.settings import Acceleration
from orchestrator.engine.processor import settings_of
from orchestrator.errors import OrchestratorError
from orchestrator.matrix.model import Architecture, Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.building import Ingredients, with_arguments
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.workshop import Workshop
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import template_directories
from orchestrator.system.scratch import TOOLS, scratch


@dataclass(kw_only=True)
class Accelerating:
    """Decides for each cell of a run; every tools image is made and judged once. `texts` are the Dockerfiles, by the image's id."""

    shop: Workshop
    farm: Farm
    bases: BaseResolver
    texts: Mapping[str, str]
    _plans: dict[str, ToolsPlan | str] = field(default_factory=dict)
    _found: dict[str, Made | str] = field(default_factory=dict)
    _caches: dict[str, Made | None] = field(default_factory=dict)
    _warned: set[str] = field(default_factory=set)
    _turns: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def tools(self, cell: Cell) -> str:
        """Give the identity that a cell's key takes: of tools that may be used, or of which nothing is known yet; empty where there are none."""
        # Any of them may be the one that it is built by in the end.
        if not any(way.known for way in self.farm.executions(cell)):
            return ""
        plan = self._plan(cell)
        if isinstance(plan, str):
            return ""
        made = self._workbench.known(plan)
        verdict = verdict_of(self.shop.places, made.digest) if made is not None else None
        return "" if verdict is not None and not verdict.qualified else plan.identity

    def equip(self, cell: Cell, given: Ingredients, on_step: Callable[[str], None]) -> Made | None:
        """Give the tools that an emulated build takes, making and judging them first; None where it has to do without.

        Safe to call from several threads: whoever comes second waits. Raises `UnacceleratedError` where tools are required and cannot be had.
        """
        found = self.ready(cell, given, on_step)
        if isinstance(found, Made):
            return found
        if self.shop.cancellation.requested:
            return None  # the build ends at once, and says that it was stopped
        if self.shop.settings.acceleration is Acceleration.REQUIRE:
            raise UnacceleratedError(
                f"{cell.id} is emulated and cannot be accelerated: {found}",
                mend="build it with --acceleration auto, or on a machine of its own architecture",
            )
        return None

    def ready(self, cell: Cell, given: Ingredients, on_step: Callable[[str], None] = lambda _: None) -> Made | str:
        """Give the tools that a cell is built with, making and judging them first; or say why it is built without."""
        plan = self._plan(cell)
        if isinstance(plan, str):
            return plan
        turn = self._turns[plan.identity]
        if turn.locked():
            on_step(f"[native-tools] waiting for another build, which makes or judges {plan.tools}")
        with turn:
            before = found = self._found.get(plan.identity)
            # What another build has declined meanwhile is gone, and made again.
            if found is None or (isinstance(found, Made) and self._workbench.known(plan) is None):
                found = self._qualified(plan, cell, given, on_step)
                if isinstance(before, Made) and isinstance(found, Made) and found.digest == before.digest:
                    found = "a build has declined them, and made again they are the same"
                if isinstance(found, str) and not self.shop.cancellation.requested:
                    self.shop.progress.warn(f"{plan.tools} are not used, builds are emulated: {found}")
                self._found[plan.identity] = found
            return found

    def cache(self, cell: Cell, on_step: Callable[[str], None]) -> Made | None:
        """Give what keeps the objects that a native build compiles, making it first; None where there is none: it saves time, and changes nothing.

        Safe to call from several threads.
        """
        host = self._host
        if self._unwanted(cell) or host is None or host.name != cell.architecture.name:
            return None
        tools = cache_for(cell, host)
        if isinstance(tools, str):
            return None
        with self._turns[str(tools)]:
            if str(tools) not in self._caches:
                on_step(f"[native-tools] making the {tools}")
                self._caches[str(tools)] = self._cached(tools, cell)
            return self._caches[str(tools)]

    def _cached(self, tools: Tools, cell: Cell) -> Made | None:
        try:
            base = self.bases.resolve(cell)
            plan = plan_tools(tools, recipe_for(cell.image), base.digest, template_directories(self.shop.matrix))
            return self._workbench.ensure(plan, base)
        except (OrchestratorError, OSError, tarfile.TarError) as error:
            if not self.shop.cancellation.requested:
                self.shop.progress.note(f"the {tools} cannot be had, so everything is compiled: {error}")
            return None

    def _unwanted(self, cell: Cell) -> str:
        """Say why nothing is handed to a cell's build, whatever there is; empty where something may be."""
        if self.shop.settings.acceleration is Acceleration.OFF:
            return "acceleration is off"
        if f" AS {CONTEXT}\n" not in self.texts[cell.image.id]:
            return "its Dockerfile takes no native tools"
        return ""

    def _plan(self, cell: Cell) -> ToolsPlan | str:
        if cell.id not in self._plans:
            self._plans[cell.id] = self._planned(cell)
        return self._plans[cell.id]

    def _planned(self, cell: Cell) -> ToolsPlan | str:
        if unwanted := self._unwanted(cell):
            return unwanted
        host = self._host
        if host is None:
            return f"the matrix knows no architecture of linux/{self.shop.engine.architecture}"
        try:
            tools = tools_for(cell, host)
            if isinstance(tools, str):
                return tools
            base = self.bases.resolve(replace(cell, architecture=host))
            return plan_tools(tools, recipe_for(cell.image), base.digest, template_directories(self.shop.matrix))
        except OrchestratorError as error:
            why = f"native tools cannot be prepared: {error.message}"
            if why not in self._warned and not self.shop.cancellation.requested:
                self._warned.add(why)
                self.shop.progress.warn(f"{why}; {error.mend}" if error.mend else why)
            return why

    def _qualified(self, plan: ToolsPlan, cell: Cell, given: Ingredients, on_step: Callable[[str], None]) -> Made | str:
        try:
            on_step(f"[native-tools] making {plan.tools}")
            made = self._workbench.ensure(plan, self.bases.resolve(replace(cell, architecture=plan.tools.host)))
            verdict = verdict_of(self.shop.places, made.digest) or self._judged(made, cell, given, on_step)
        except UnjudgedError as error:
            return f"it cannot be found out whether they do the same work: {error.message}"
        except OrchestratorError as error:
            return error.message
        except (OSError, tarfile.TarError) as error:
            return f"they cannot be kept: {error}"
        return made if verdict.qualified else verdict.told

    def _judged(self, made: Made, cell: Cell, given: Ingredients, on_step: Callable[[str], None]) -> Verdict:
        self.shop.progress.note(f"judging {made.tools}: compiling with them and without, by {cell.id}")
        log = self.shop.places.logs / "native-tools" / f"{made.digest.removeprefix('sha256:')[:12]}-gate.log"
        settings, platform = self.shop.settings, str(cell.architecture.platform)
        # What the cell's own build is told, so that its steps are those of the trial.
        name = normalise(platform)
        arguments = settings_of(name, self.farm.emulators.get(name, ""), careful=False)
        trial = Trial(
            cell=cell.id,
            dockerfile=with_arguments(self.texts[cell.image.id], arguments),
            platform=platform,
            contexts=given.contexts,
            timeout=settings.timeout_minutes * 60 * settings.emulation_factor,
            silence=settings.silence_minutes * 60 * settings.emulation_factor,
            builder=self._builder,
            arguments=arguments,
        )
        with scratch(TOOLS) as directory:
            judged = functools.partial(self._build, on_step=lambda step: on_step(f"[native-tools] judging: {step}"))
            verdict = judge(made, trial, build=judged, directory=directory, log=log)
        keep_verdict(self.shop.places, verdict)
        if verdict.qualified:
            self.shop.progress.note(f"{made.tools} do the same work: {verdict.compared} comparisons, no difference")
        return verdict

    @cached_property
    def _host(self) -> Architecture | None:
        wanted = normalise(f"linux/{self.shop.engine.architecture}")
        return next((one for one in self.shop.matrix.known if normalise(str(one.platform)) == wanted), None)

    @cached_property
    def _workbench(self) -> Workbench:
        shop = self.shop
        return Workbench(places=shop.places, progress=shop.progress, build=self._build, builder=self._builder)

    @property
    def _local(self) -> str | None:
        return next((name for name, builder in self.farm.builders.items() if builder.local), None)

    @property
    def _builder(self) -> str | None:
        arguments = self.farm.builders[self._local].arguments if self._local is not None else ()
        return arguments[-1] if arguments else None

    def _build(self, request: BuildRequest, on_step: Callable[[str], None] = lambda _: None) -> BuildResult:
        local = self._local
        return build(
            request,
            docker=self.shop.engine.docker,
            environment=self.shop.engine.environment if local is None else self.farm.builders[local].environment,
            cancellation=self.shop.cancellation,
            on_step=on_step,
        )
