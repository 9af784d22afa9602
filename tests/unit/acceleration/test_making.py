"""Native tools made: what buildx is asked for, what is kept, and what is found again."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import tools_for
from orchestrator.acceleration.making import Workbench, plan_tools
from orchestrator.acceleration.model import Tools, ToolsPlan
from orchestrator.acceleration.shelf import Shelf
from orchestrator.bases.model import Base, How
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Architecture, Platform
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import template_directories
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent

ROOT = Path(__file__).parents[3]
HOST = Architecture(name="amd64", platform=Platform(os="linux", architecture="amd64"))
BASE = Base(
    reference="debian:bullseye-slim", architecture="amd64", layout=Path("/base"), digest="sha256:ba5e",
    built="2026-01-01T00:00:00Z", how=How.BOOTSTRAPPED, size=1, seconds=1.0,
)  # fmt: skip


@dataclass
class FakeBuilder:
    """Makes a small tar of what a tools image holds, at another time each time."""

    failure: Failure | None = None
    asked: list[BuildRequest] = field(default_factory=list)
    times: int = 0

    def __call__(self, request: BuildRequest) -> BuildResult:
        self.asked.append(request)
        self.dockerfile = (request.directory / "Dockerfile").read_text(encoding="utf-8")
        if self.failure is None:
            self.times += 1
            with tarfile.open(request.export.removeprefix("type=tar,dest="), "w") as made:
                for name in ("take", "programs"):
                    member = tarfile.TarInfo(name)
                    member.size, member.mtime, member.uid = 3, 1000 * self.times, 7
                    made.addfile(member, io.BytesIO(b"abc"))
        return BuildResult(phases=(), seconds=1.0, failure=self.failure)


def plan(base_digest: str = BASE.digest) -> ToolsPlan:
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    cell = next(cell for cell in matrix.cells if cell.id == "2.7-slim-bullseye-arm64v8")
    tools = tools_for(cell, HOST)
    assert isinstance(tools, Tools)
    return plan_tools(tools, recipe_for(cell.image), base_digest, template_directories(matrix))


def bench(tmp_path: Path, builder: FakeBuilder, now: float = 1000.0) -> Workbench:
    places = Places(cache=tmp_path / "cache", state=tmp_path / "state")
    return Workbench(places=places, progress=Silent(), build=builder, clock=lambda: now)


def test_they_are_built_on_the_hosts_architecture_for_the_targets(tmp_path: Path) -> None:
    builder = FakeBuilder()
    made = bench(tmp_path, builder).ensure(plan(), BASE)
    (request,) = builder.asked
    assert request.platform == "linux/amd64"
    assert request.contexts == {"debian:bullseye-slim": BASE.context}
    assert not request.emulated
    assert request.fresh, "BuildKit's cache has the packages of some other day"
    assert "gcc-10-aarch64-linux-gnu" in builder.dockerfile
    assert made.context == f"oci-layout://{made.layout}@{made.digest}"
    index = next(path for path in (made.layout / "blobs" / "sha256").iterdir() if path.name == made.digest[7:])
    assert '"architecture":"arm64"' in index.read_text(encoding="utf-8")


def test_they_are_made_once_and_have_the_same_digest_whenever_that_is(tmp_path: Path) -> None:
    builder = FakeBuilder()
    first = bench(tmp_path, builder)
    made = first.ensure(plan(), BASE)
    assert first.ensure(plan(), BASE) == made == first.known(plan())
    assert len(builder.asked) == 1
    other = bench(tmp_path / "other", builder).ensure(plan(), BASE)
    assert builder.times == 2
    assert other.digest == made.digest


def test_another_base_or_another_template_are_other_tools(tmp_path: Path) -> None:
    one = plan()
    assert plan("sha256:0ther").identity != one.identity
    assert replace(one, dockerfile=one.dockerfile + "#").identity != one.identity
    builder = FakeBuilder()
    bench(tmp_path, builder).ensure(one, BASE)
    assert bench(tmp_path, builder).known(plan("sha256:0ther")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM {{ tools.base", r"native-tools\.Dockerfile\.j2:1: unexpected end"),
        ("#\n{{ tools.nothing }}", r"native-tools\.Dockerfile\.j2:2: .*no attribute 'nothing'"),
        ("#\n{{ tools.base + 1 }}", r"native-tools\.Dockerfile\.j2:2: TypeError: .*native tools of bullseye"),
        ("{{ 1 / 0 }}", r"native-tools\.Dockerfile\.j2:1: ZeroDivisionError"),
    ],
)
def test_a_template_of_somebodys_own_is_refused_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "native-tools.Dockerfile.j2").write_text(text, encoding="utf-8")
    cell = next(
        one
        for one in load_matrix(ROOT / "examples" / "debian" / "versions.json").cells
        if one.architecture.name == "arm64v8"
    )
    with pytest.raises(InvalidFileError, match=said):
        plan_tools(plan().tools, recipe_for(cell.image), "sha256:ba5e", (tmp_path,))


def test_a_failed_build_is_told_with_its_log_and_leaves_nothing(tmp_path: Path) -> None:
    builder = FakeBuilder(failure=Failure(kind=FailureClass.NETWORK, message="no route"))
    with pytest.raises(EnvironmentFailedError, match=r"cannot be made: no route") as caught:
        bench(tmp_path, builder).ensure(plan(), BASE)
    assert caught.value.mend is not None
    assert "native-tools" in caught.value.mend
    assert bench(tmp_path, builder).known(plan()) is None


def test_damaged_tools_count_as_none_and_are_made_again(tmp_path: Path) -> None:
    builder = FakeBuilder()
    made = bench(tmp_path, builder).ensure(plan(), BASE)
    (made.layout / "blobs" / "sha256" / made.digest[7:]).write_bytes(b"{}")
    assert bench(tmp_path, builder).known(plan()) is None
    assert bench(tmp_path, builder).ensure(plan(), BASE) == replace(made, seconds=made.seconds)
    assert builder.times == 2


@pytest.mark.parametrize(
    "damage",
    ['"used": "yesterday"', '"digest": 5', '"made": null', '"used": 1.0, "more": 1'],
)
def test_a_record_that_holds_something_else_counts_as_none(tmp_path: Path, damage: str) -> None:
    builder = FakeBuilder()
    made = bench(tmp_path, builder).ensure(plan(), BASE)
    path = made.layout.parent / "record.json"
    name = damage.split(":", maxsplit=1)[0]
    path.write_text(re.sub(rf"{name}: [^,\n]+", damage, path.read_text(encoding="utf-8")), encoding="utf-8")
    assert damage in path.read_text(encoding="utf-8")
    assert bench(tmp_path, builder).known(plan()) is None
    assert bench(tmp_path, builder).ensure(plan(), BASE).digest == made.digest


def test_when_they_were_used_is_written_down_to_the_hour(tmp_path: Path) -> None:
    builder = FakeBuilder()
    bench(tmp_path, builder).ensure(plan(), BASE)
    for now, used in ((2000.0, 1000.0), (9000.0, 9000.0)):
        assert bench(tmp_path, builder, now).known(plan()) is not None
        record = Shelf(root=tmp_path / "cache" / "native-tools").read(plan().identity)
        assert record is not None
        assert (record.made, record.used) == (1000.0, used)
