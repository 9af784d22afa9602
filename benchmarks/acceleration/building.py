"""Builds that are measured: one at a time, with the parts that a run builds with, and nothing out of BuildKit's cache."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.acceleration.model import Stretch, Way
from benchmarks.acceleration.stretches import served, stretch_of, stretches
from orchestrator.acceleration.model import CONTEXT
from orchestrator.build.buildx import BuildRequest, BuildResult, build
from orchestrator.engine.processor import settings_of
from orchestrator.matrix.model import Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.building import Ingredients, with_arguments
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import PlannedCell

_HOURS = 3 * 3600.0
#: What the moved base has more than the base.
MOVED = "/etc/moved-base"
#: Caches that a Dockerfile mounts have ids of their own under it. https://docs.docker.com/build/building/variables/#buildkit-built-in-build-args
_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"

Say = Callable[[str], None]


class NotMeasuredError(Exception):
    """A build that failed, or ran nothing; the message says which and where its log is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A build that was measured: the image's reference, and seconds by stretch."""

    reference: str
    seconds: Mapping[Stretch, float]


@dataclass(frozen=True, kw_only=True)
class Builds:
    """Builds cells of one prepared run. `directory` is for contexts and layouts, `logs` for logs; `run` is unlike that of any other measurement.

    `fresh` is False where BuildKit's cache may do the work, so that nothing is measured.
    """

    shop: Workshop
    prepared: Prepared
    directory: Path
    logs: Path
    run: str
    say: Say
    fresh: bool = True

    def build(self, cell: Cell, way: Way) -> Built:
        """Build a cell. Raises `NotMeasuredError` when it fails, or when BuildKit's cache did the work."""
        given = self.prepared.ingredients(cell)
        contexts = given.contexts
        if way is Way.REBUILT:
            contexts[given.base.reference] = self._moved(cell, given)
        if way in {Way.ACCELERATED, Way.REBUILT}:
            made = self.prepared.equip(cell, given, self.say)
            if made is None:
                raise NotMeasuredError(f"{cell.id} cannot be accelerated here")
            contexts[CONTEXT] = made.context
        settings = self._settings(cell) if way is not Way.NATIVE else {}
        dockerfile = with_arguments(self._dockerfile(cell), settings)
        request = BuildRequest(
            directory=self._context(f"{cell.id}-{way}", {"Dockerfile": dockerfile}),
            platform=str(cell.architecture.platform),
            contexts=contexts,
            reference=f"orchestrator.local/benchmark/{cell.id}:{way}",
            timeout=_HOURS,
            log=self.logs / f"{cell.id}-{way}.log",
            # What has been compiled for the accelerated build is what the rebuild finds; the former finds nothing.
            arguments={_NAMESPACE: f"benchmark {cell.id} {self.run}", **settings},
            # A base that was moved leaves nothing in BuildKit's cache of use, as it does for everybody.
            fresh=self.fresh and way is not Way.REBUILT,
            emulated=way is not Way.NATIVE,
        )
        result = self._run(request, f"{cell.id}, {way}")
        idle = served(result.steps)
        if idle and self.fresh:
            raise NotMeasuredError(f"{cell.id}, {way}: BuildKit's cache did the work of {len(idle)} steps: {idle[0]}")
        return Built(reference=request.reference, seconds=stretches(result.steps, result.seconds))

    def _moved(self, cell: Cell, given: Ingredients) -> str:
        """Give the base with one more file, which no build before this run has seen, as buildx takes it for a context."""
        name, reference = f"{cell.id}-base", given.base.reference
        where = self.directory / "layouts" / name
        if not where.exists():
            where.parent.mkdir(parents=True, exist_ok=True)
            files = {"Dockerfile": f"FROM {reference}\nCOPY moved {MOVED}\n", "moved": f"{self.run}\n"}
            request = BuildRequest(
                directory=self._context(name, files),
                platform=str(cell.architecture.platform),
                contexts={reference: given.base.context},
                reference="",
                timeout=_HOURS,
                log=self.logs / f"{name}.log",
                export=f"type=oci,tar=false,dest={where}",
            )
            self._run(request, f"the base of {cell.id}, moved")
        (entry,) = json.loads((where / "index.json").read_bytes())["manifests"]
        return f"oci-layout://{where}@{entry['digest']}"

    def _dockerfile(self, cell: Cell) -> str:
        return self._planned(cell).known.dockerfile

    def _settings(self, cell: Cell) -> dict[str, str]:
        """What a run tells the emulator."""
        platform = normalise(str(cell.architecture.platform))
        return settings_of(platform, self._planned(cell).known.execution.emulator, careful=False)

    def _planned(self, cell: Cell) -> PlannedCell:
        return next(one for one in self.prepared.planned if one.cell.id == cell.id)

    def _context(self, name: str, files: Mapping[str, str]) -> Path:
        directory = self.directory / "contexts" / name
        directory.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (directory / path).write_text(text, encoding="utf-8")
        return directory

    def _run(self, request: BuildRequest, what: str) -> BuildResult:
        began = time.monotonic()
        told: list[Stretch] = []

        def on_step(name: str) -> None:
            stretch = stretch_of(name)
            if stretch is not Stretch.OTHER and stretch not in told:
                told.append(stretch)
                self.say(f"{what}: {stretch}, after {time.monotonic() - began:.0f} s")

        result = build(
            request,
            docker=self.shop.engine.docker,
            environment=self.shop.engine.environment,
            cancellation=self.shop.cancellation,
            on_step=on_step,
        )
        if result.failure is not None:
            tail = "\n".join(result.failure.tail)
            raise NotMeasuredError(f"{what}: {result.failure.message} (log: {request.log})\n{tail}")
        self.say(f"{what}: done after {result.seconds:.1f} s")
        return result
