"""Native tools are made: the template filled in, built on the host's own architecture, and kept as an OCI image layout."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.acceleration.model import TEMPLATES, Made, Tools, ToolsPlan
from orchestrator.acceleration.shelf import Record, Shelf
from orchestrator.bases.model import Base
from orchestrator.bases.oci import write_layout
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.errors import EnvironmentFailedError
from orchestrator.recipe.recipe import Recipe
from orchestrator.render.templates import environment, template_errors
from orchestrator.system.places import Places
from orchestrator.system.progress import Progress
from orchestrator.system.scratch import TOOLS, scratch

#: Seconds: some twenty where the mirror is near; it is all natively executed.
_TIMEOUT, _SILENCE = 1200.0, 300.0

#: Builds what is asked for; a failed build is a result.
Build = Callable[[BuildRequest], BuildResult]


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """Where tools are made, and with what. Safe to use from several threads and processes: whoever comes second waits for the first."""

    places: Places
    progress: Progress
    build: Build
    builder: str | None = None
    clock: Callable[[], float] = time.time

    def known(self, plan: ToolsPlan) -> Made | None:
        """Give tools that are there already."""
        return self._shelf.made(plan)

    def ensure(self, plan: ToolsPlan, base: Base) -> Made:
        """Give the tools of a plan, making them if they are not there; `base` is what they are made from.

        Raises `EnvironmentFailedError` when they cannot be made.
        """
        shelf = self._shelf
        with shelf.lock(plan):
            made = shelf.made(plan)
            return made if made is not None else self._make(plan, base)

    @property
    def _shelf(self) -> Shelf:
        return Shelf(root=self.places.native_tools, clock=self.clock)

    def _make(self, plan: ToolsPlan, base: Base) -> Made:
        tools = plan.tools
        self.progress.note(f"making {tools}")
        started = time.monotonic()
        log = self.places.logs / "native-tools" / f"{plan.identity[:12]}.log"
        with scratch(TOOLS) as directory:
            context = directory / "context"
            context.mkdir()
            (context / "Dockerfile").write_text(plan.dockerfile, encoding="utf-8")
            packed, layer, layout = directory / "made.tar", directory / "layer.tar", directory / "layout"
            result = self.build(
                BuildRequest(
                    directory=context,
                    platform=str(tools.host.platform),
                    contexts={tools.base: base.context},
                    reference="",
                    timeout=_TIMEOUT,
                    silence=_SILENCE,
                    log=log,
                    builder=self.builder,
                    # What BuildKit remembers of apt are the packages of then: tools that were declined would never become newer.
                    fresh=True,
                    export=f"type=tar,dest={packed}",
                )
            )
            if result.failure is not None:
                raise EnvironmentFailedError(
                    f"{tools} cannot be made: {result.failure.message}",
                    mend=f"see {log}; builds go on without them unless acceleration is required",
                )
            _without_times(packed, layer)
            layout.mkdir()
            # The platform that it is for: BuildKit looks for that of the build in a context, not for that of a program in it.
            written = write_layout(layout, layer=layer, platform=tools.target.platform, created=0, comment=str(tools))
            return self._shelf.place(
                plan,
                layout,
                Record(
                    suite=tools.suite.name,
                    target=tools.target.name,
                    host=tools.host.name,
                    base_digest=plan.base_digest,
                    digest=written.digest,
                    size=written.size,
                    seconds=round(time.monotonic() - started, 1),
                    made=self.clock(),
                    used=self.clock(),
                ),
            )


def plan_tools(tools: Tools, recipe: Recipe, base_digest: str, directories: Sequence[Path]) -> ToolsPlan:
    """Fill in their family's template for some tools. Raises `InvalidFileError` naming the template and the line where it is wrong."""
    template = TEMPLATES[tools.suite.family]
    with template_errors(
        template,
        directories,
        about=str(tools),
        missing="restore it from version control, or set acceleration: off",
        offered="use only what tools, suite and recipe offer",
    ):
        text = (
            environment(tuple(directories))
            .get_template(template)
            .render(tools=tools, suite=tools.suite, recipe=recipe, image=recipe.image)
        )
    return ToolsPlan(tools=tools, dockerfile=text, base_digest=base_digest)


def _without_times(source: Path, target: Path) -> None:
    """Write the same files in the order of their names and without times: the same tools have the same digest whenever they are made."""
    with tarfile.open(source) as packed, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as plain:
        for member in sorted(packed.getmembers(), key=lambda one: one.name):
            member.mtime, member.pax_headers = 0, {}
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            plain.addfile(member, packed.extractfile(member) if member.isreg() else None)
