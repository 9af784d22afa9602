"""The compiler cache on the real engine: the step that compiles is the committed Dockerfiles' own, what it compiles is small.

Each test has a cache of its own, by BuildKit's namespace for mounts; the steps before are those of the cell's build.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import cache_for, tools_for
from orchestrator.acceleration.gate.cutting import before_configure, instructions
from orchestrator.acceleration.making import Build, Workbench, plan_tools
from orchestrator.acceleration.model import CONTEXT, Made, Tools
from orchestrator.bases.catalogue import wanted_bases
from orchestrator.bases.provider import Bases
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import FailureClass
from orchestrator.engine.model import Engine
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import template_directories
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.builder import builder

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = "CFLAGS = -g -O2 -Iinclude\nall: one.o two.o\none.o two.o: Makefile\n"
ONE = "#include <zlib.h>\nconst char *one(void) { return ZLIB_VERSION; }\n"
TWO = "int two(int n) { return n / 3; }\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """What a build made (objects by name), how it counted (found, compiled), and the names of files that tell of a cache."""

    objects: dict[str, bytes]
    counts: tuple[int, int]
    left: str


@dataclass(kw_only=True)
class Ground:
    """A cell, what its build is given, and a cache that nobody else has."""

    cell: Cell
    dockerfile: str
    contexts: dict[str, str]
    made: Made
    build: Build
    directory: Path
    namespace: str = field(default_factory=lambda: uuid.uuid4().hex)
    times: int = 0

    def request(self, sources: dict[str, str], before: str = "") -> tuple[BuildRequest, Path]:
        """Ask for the sources' objects; `before` are instructions after the base has been made, and in front of the step that compiles."""
        self.times += 1
        directory = self.directory / str(self.times)
        for name, text in {"Makefile": MAKEFILE, "one.c": ONE, "two.c": TWO, **sources}.items():
            path = directory / "sources" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (step,) = (one for one in instructions(self.dockerfile) if one.word == "RUN" and "make -j" in one.command)
        mounts = f"--mount=type=bind,from={CONTEXT},target=/dev/native-tools"
        text = (
            f"{before_configure(self.dockerfile).text}"
            f"RUN {mounts} : {self.namespace} {self.times}\n{before}"
            "WORKDIR /usr/src/small\nCOPY --from=sources . .\n"
            f"RUN {step.rest}\n"
            f"RUN {mounts} find / -xdev -path /proc -prune -o -name '*ccache*' -print > left\n"
            "FROM scratch\nCOPY --from=build /usr/src/small /\n"
        )
        (directory / "Dockerfile").write_text(text, encoding="utf-8")
        target = directory / "out"
        request = BuildRequest(
            directory=directory,
            platform=str(self.cell.architecture.platform),
            contexts={**self.contexts, CONTEXT: self.made.context, "sources": str(directory / "sources")},
            reference="",
            timeout=1500.0,
            log=directory / "log",
            arguments={"BUILDKIT_CACHE_MOUNT_NS": self.namespace},
            export=f"type=local,dest={target}",
        )
        return request, target

    def run(self, request: BuildRequest) -> BuildResult:
        """Build, again where the mirror was at fault, as the command does."""
        for _ in range(3):
            result = self.build(request)
            if result.failure is None or result.failure.kind is not FailureClass.NETWORK:
                break
        return result

    def compile(self, sources: dict[str, str] | None = None, before: str = "") -> Compiled:
        request, target = self.request(sources or {}, before)
        result = self.run(request)
        assert result.failure is None, result.failure
        return Compiled(
            objects={path.name: path.read_bytes() for path in target.glob("*.o")},
            counts=counted(request.log),
            left=(target / "left").read_text(encoding="utf-8"),
        )


def counted(log: Path) -> tuple[int, int]:
    said = re.findall(
        r"^compiler cache: (\d+) objects were there, (\d+) were compiled$",
        log.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(said) == 1
    return int(said[0][0]), int(said[0][1])


@pytest.fixture(params=["2.7-slim-bullseye-amd64", "2.7-slim-bullseye-arm64v8"])
def ground(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Ground:
    """A native cell with nothing but the cache, and an emulated one with all tools."""
    places, progress = Places.from_environment(), Silent()
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    cell = next(one for one in matrix.cells if one.id == request.param)
    native = next(one for one in matrix.known if one.name == "amd64")
    bases, inputs = Bases(places=places, progress=progress), Inputs(places=places, progress=progress)
    target, host = (bases.ensure(wanted_bases([one])[0]) for one in (cell, replace(cell, architecture=native)))
    tools = cache_for(cell, native) if cell.architecture == native else tools_for(cell, native)
    assert isinstance(tools, Tools)

    call = builder(engine)
    plan = plan_tools(tools, recipe_for(cell.image), host.digest, template_directories(matrix))
    return Ground(
        cell=cell,
        dockerfile=(matrix.path.parent / cell.image.directory / "Dockerfile").read_text(encoding="utf-8"),
        contexts={target.reference: target.context, "python-source": str(inputs.source(cell.image.line).directory)},
        made=Workbench(places=places, progress=progress, build=call).ensure(plan, host),
        build=call,
        directory=tmp_path,
    )


@pytest.mark.timeout(1800)
def test_after_its_base_has_moved_nothing_is_compiled_and_the_same_comes_out(ground: Ground) -> None:
    uncached = ground.compile(before="ENV CCACHE_DISABLE=1\n")
    cold = ground.compile()
    warm = ground.compile(before=f"COPY --from=sources Makefile /etc/moved-{ground.namespace}\n")
    assert [one.counts for one in (uncached, cold, warm)] == [(0, 0), (0, 2), (2, 0)]
    assert uncached.objects.keys() == {"one.o", "two.o"}
    assert uncached.objects == cold.objects == warm.objects
    # Not a file, not a place to mount something: what is left of it is its mount, which ends with the step.
    assert [one.left for one in (uncached, cold, warm)] == ["", "", ""]


@pytest.mark.timeout(1800)
def test_what_has_changed_is_compiled_again(ground: Ground) -> None:
    first = ground.compile()
    # A header that comes to lie before the one that was read, which stays as it was.
    nearer = ground.compile({"include/zlib.h": '#define ZLIB_VERSION "nearer"\n'})
    assert (first.counts, nearer.counts) == ((0, 2), (1, 1))
    assert b"nearer" in nearer.objects["one.o"]
    assert nearer.objects["two.o"] == first.objects["two.o"]
    # Another compiler: a byte more at its end.
    cc1 = 'printf x >> "$(gcc -print-prog-name=cc1)"'
    if ground.cell.architecture.name == "amd64":
        assert ground.compile(before=f"RUN {cc1}\n").counts == (0, 2)
    # What does not compile fails the step, and is told all the same.
    request, _ = ground.request({"two.c": "int two\n"})
    result = ground.run(request)
    assert result.failure is not None
    assert any("two.c" in line for line in result.failure.tail)
    assert counted(request.log) == (1, 0)
