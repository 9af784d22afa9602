"""The gate on the real engine: tools as they are made pass, tools that somebody has been at do not, and it is said what is wrong with them.

The steps up to ./configure are built once, with good tools; tools that were changed are mounted into the gate's own steps only.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import tools_for
from orchestrator.acceleration.gate.judging import judge
from orchestrator.acceleration.gate.model import Trial
from orchestrator.acceleration.making import Build, Workbench, plan_tools
from orchestrator.acceleration.model import CONTEXT, Corrected, Made, Tools, Verdict
from orchestrator.bases.catalogue import wanted_bases
from orchestrator.bases.model import Base
from orchestrator.bases.provider import Bases
from orchestrator.build.buildx import BuildRequest
from orchestrator.engine.model import Engine
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import template_directories
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.builder import builder

ROOT = Path(__file__).resolve().parents[2]
#: Few and small: an emulator compiles them, too, in each test.
UNITS = ("Objects/boolobject.o", "Python/pymath.o")
COMPILER = Path("tree/usr/lib/gcc-cross/aarch64-linux-gnu/10")


@dataclass(frozen=True, kw_only=True, slots=True)
class Altered(Made):
    """Tools as a directory: what was made, and then changed."""

    @property
    def context(self) -> str:
        return str(self.layout)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A cell, what its build is given, and tools for it as they are made."""

    matrix: Matrix
    cell: Cell
    dockerfile: str
    contexts: dict[str, str]
    host: Base
    workbench: Workbench
    build: Build
    tools: Tools
    good: Made
    tree: Path

    def make(self, tools: Tools) -> Made:
        plan = plan_tools(tools, recipe_for(self.cell.image), self.host.digest, template_directories(self.matrix))
        return self.workbench.ensure(plan, self.host)

    def judge(self, made: Made, directory: Path, dockerfile: str, contexts: dict[str, str]) -> Verdict:
        directory.mkdir()
        trial = Trial(
            cell=self.cell.id,
            dockerfile=dockerfile,
            platform=str(self.cell.architecture.platform),
            contexts=contexts,
            timeout=1200.0,
        )
        return judge(made, trial, build=self.build, directory=directory, log=directory / "log", units=UNITS)

    def judge_altered(self, tmp_path: Path, alter: Callable[[Path], None], tools: Tools | None = None) -> Verdict:
        """Judge good tools after a change, from the step on that they have configured as they were."""
        layout = tmp_path / "tools"
        shutil.copytree(self.tree, layout, symlinks=True)
        alter(layout)
        made = Altered(
            tools=tools or self.tools, identity="a17e", layout=layout, digest="sha256:a17e", size=0, seconds=0.0
        )
        text = self.dockerfile.replace("from=native-tools", "from=good-tools").replace(
            "AS native-tools", "AS good-tools"
        )
        assert text.count("good-tools") > 5
        contexts = {**self.contexts, "good-tools": self.good.context}
        return self.judge(made, tmp_path / "gate", f"FROM scratch AS native-tools\n{text}", contexts)


@pytest.fixture(scope="module")
def ground(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    places, progress = Places.from_environment(), Silent()
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    cell = next(one for one in matrix.cells if one.id == "2.7-slim-bullseye-arm64v8")
    native = next(one for one in matrix.known if one.name == "amd64")
    bases, inputs = Bases(places=places, progress=progress), Inputs(places=places, progress=progress)
    target, host = (bases.ensure(wanted_bases([one])[0]) for one in (cell, replace(cell, architecture=native)))
    line = cell.image.line
    tools = tools_for(cell, native)
    assert isinstance(tools, Tools)
    call = builder(engine)
    workbench = Workbench(places=places, progress=progress, build=call)
    plan = plan_tools(tools, recipe_for(cell.image), host.digest, template_directories(matrix))
    good = workbench.ensure(plan, host)
    return Ground(
        matrix=matrix,
        cell=cell,
        dockerfile=(matrix.path.parent / cell.image.directory / "Dockerfile").read_text(encoding="utf-8"),
        contexts={
            target.reference: target.context,
            "python-source": str(inputs.source(line).directory),
            "python-wheels": str(inputs.wheels((line.pip, line.setuptools, line.wheel, *line.extras)).directory),
        },
        host=host,
        workbench=workbench,
        build=call,
        tools=tools,
        good=good,
        tree=unpacked(good, tmp_path_factory.mktemp("tools")),
    )


def unpacked(made: Made, directory: Path) -> Path:
    """Unpack the one layer of tools."""

    def document(digest: str) -> dict[str, list[dict[str, str]]]:
        read: dict[str, list[dict[str, str]]] = json.loads(blob(digest).read_bytes())
        return read

    def blob(digest: str) -> Path:
        return made.layout / "blobs" / "sha256" / digest.removeprefix("sha256:")

    (manifest,) = document(made.digest)["manifests"]
    (layer,) = document(manifest["digest"])["layers"]
    with gzip.open(blob(layer["digest"])) as packed, tarfile.open(fileobj=packed) as archive:
        # Links into the image, which is where they are followed.
        archive.extractall(directory, filter="fully_trusted")  # noqa: S202 - we made it
    return directory


def patched(path: Path, old: bytes, new: bytes) -> None:
    """Change a program's bytes in place: both are equally long."""
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))


def relinked(path: Path, target: str) -> None:
    assert path.is_symlink()
    path.unlink()
    path.symlink_to(target)


def test_tools_as_they_are_made_are_qualified(ground: Ground, tmp_path: Path) -> None:
    verdict = ground.judge(ground.good, tmp_path / "gate", ground.dockerfile, ground.contexts)
    assert verdict.differences == ()
    assert verdict.compared > 100
    objects = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.o")}
    assert len(objects) == 2 * (len(UNITS) + 2)
    assert verdict.digest == ground.good.digest


def test_a_compiler_and_small_tools_of_other_versions_are_refused(ground: Ground, tmp_path: Path) -> None:
    packages = tuple(package.replace("-10-", "-9-") for package in ground.tools.packages)
    compilers = tuple(
        name.removesuffix("-10") + "-9" if name.endswith("-10") else name for name in ground.tools.compilers
    )
    other = ground.make(replace(ground.tools, compiler="9", compilers=compilers, packages=packages))
    tree = unpacked(other, tmp_path / "other")

    def alter(tools: Path) -> None:
        shutil.copy(tree / COMPILER.with_name("9") / "cc1", tools / COMPILER / "cc1")
        patched(tools / "tree/bin/sed", b"\x004.7\x00", b"\x004.8\x00")
        shutil.copy(tools / "tree/usr/bin/tac", tools / "tree/usr/bin/sort")

    differences = ground.judge_altered(tmp_path, alter).differences
    assert any(said.startswith("macros: '#define ") for said in differences)
    assert any(said.startswith("objects/Objects/boolobject.o: .") for said in differences)
    assert "version-of-sed: '/bin/sed (GNU sed) 4.8' with native tools, '/bin/sed (GNU sed) 4.7' without" in differences
    assert any(said.startswith("version-of-sort: 'tac (GNU coreutils)") for said in differences)
    assert any(said.startswith("behaviour-texts: ") for said in differences)


def test_a_compiler_corrected_since_writes_the_version_that_is_there(ground: Ground, tmp_path: Path) -> None:
    """Bullseye's was not, so what is written differs from what its own writes: in every object, and in nothing but that."""
    since = Corrected(cross="10.2.1-6", native="10.2.1-6+small1")
    tools = replace(ground.tools, corrected=since)
    tree = unpacked(ground.make(tools), tmp_path / "corrected")
    listed = {line.split()[1]: line.split()[2] for line in (tree / "programs").read_text(encoding="utf-8").splitlines()}
    assert {listed["gcc-10"], listed["cpp-10"]} == {since.native}
    assert "small" not in listed["sed"] + listed["binutils"]

    def alter(layout: Path) -> None:
        shutil.rmtree(layout)
        shutil.copytree(tree, layout, symlinks=True)

    differences = ground.judge_altered(tmp_path, alter, tools).differences
    told = {said.partition(":")[0]: said for said in differences}
    files = {f"objects/{unit}" for unit in UNITS} | {
        f"links/{name}" for name in ("library", "library.o", "program", "program.o")
    }
    assert {name for name in told if "/" in name} == files
    assert all(".comment" in told[name] and ".text" not in told[name] for name in files)
    assert {name for name in told if "/" not in name} == {
        "version-of-gcc",
        "version-of-cc",
        "version-of-cpp",
        "version-of-aarch64-linux-gnu-gcc-10",
        "version-of-aarch64-linux-gnu-cpp-10",
    }
    assert "(Debian 10.2.1-6+small1) 10.2.1" in told["version-of-gcc"]


def test_a_missing_header_is_refused(ground: Ground, tmp_path: Path) -> None:
    verdict = ground.judge_altered(tmp_path, lambda tools: relinked(tools / COMPILER / "include", "/nowhere"))
    assert any(said.startswith("compile: fails (2) with native tools, works without: ") for said in verdict.differences)
    own = "/usr/lib/gcc/aarch64-linux-gnu/10/include"
    assert f"header-directories: nothing more with native tools, '{own}' without" in verdict.differences
    assert "objects/Objects/boolobject.o: not made with native tools" in verdict.differences


def test_a_wrong_libgcc_is_refused(ground: Ground, tmp_path: Path) -> None:
    # There, and an archive, but without the arithmetic: a shared library is linked in for that.
    own = "/usr/lib/gcc/aarch64-linux-gnu/10"
    verdict = ground.judge_altered(
        tmp_path, lambda tools: relinked(tools / COMPILER / "libgcc.a", f"{own}/libgcc_eh.a")
    )
    assert f"files: '{own}/libgcc_eh.a' with native tools, '{own}/libgcc.a' without" in verdict.differences
    assert any(said.startswith("readelf-program: ") and "libgcc_s" in said for said in verdict.differences)
    assert any(said.startswith("links/program: ") for said in verdict.differences)


def test_tools_that_decline_are_refused_and_nothing_is_replaced(ground: Ground, tmp_path: Path) -> None:
    layout = tmp_path / "tools"
    shutil.copytree(ground.tree, layout, symlinks=True)
    lines = (layout / "programs").read_text(encoding="utf-8").splitlines()
    (version,) = {line.split()[2] for line in lines if line.split()[1] == "sed"}
    listed = "\n".join("/bin/sed sed 4.6-1" if line.split()[1] == "sed" else line for line in lines)
    (layout / "programs").write_text(f"{listed}\n", encoding="utf-8")
    text = (
        "FROM scratch AS native-tools\n"
        "FROM debian:bullseye-slim AS build\n"
        "RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\\n"
        "\t/dev/native-tools/take && test ! -e /.emulated && test ! -L /bin/sed \\\n"
        "\t&& echo exit > configure && chmod +x configure && ./configure\n"
    )
    made = Altered(tools=ground.tools, identity="a17e", layout=layout, digest="sha256:a17e", size=0, seconds=0.0)
    verdict = ground.judge(made, tmp_path / "gate", text, ground.contexts)
    assert verdict.differences == (f"declined: sed {version} here, 4.6-1 there",)


def test_what_was_installed_over_a_native_tool_stays_and_who_has_no_packages_keeps_his_programs(
    ground: Ground, tmp_path: Path
) -> None:
    mount = "RUN --mount=type=bind,from=native-tools,target=/dev/native-tools"
    tree, mark = "/dev/native-tools/tree/bin", "/^Package: sed$/,/^$/s/^Version: .*/Version: 9.9-9/"
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch AS native-tools\n"
        "FROM debian:bullseye-slim AS base\n"
        # As dpkg does it: a file of its own is moved to the place of the link.
        f"{mount} /dev/native-tools/take && test -L /bin/sed && test -L /bin/cat && id -un | grep root \\\n"
        f"\t&& {tree}/sed -i '{mark}' /var/lib/dpkg/status && cp {tree}/true /bin/new && mv /bin/new /bin/sed \\\n"
        "\t&& /dev/native-tools/take | grep -F 'declined: sed 9.9-9 here' \\\n"
        f"\t&& test ! -e /.emulated && test ! -L /bin/cat && test ! -L /bin/sed && cmp /bin/sed {tree}/true\n"
        f"{mount} echo 'passwd: compat' > /etc/nsswitch.conf && test \"$({tree}/../usr/bin/id -un)\" = root\n"
        f"{mount} : > /var/lib/dpkg/status && /dev/native-tools/take | grep -F 'declined: no package' && test ! -L /bin/cat\n"
        f"{mount} rm /var/lib/dpkg/status && /dev/native-tools/take | grep -F 'cannot be listed' && test ! -L /bin/cat\n"
        "RUN : > /done\n"
        "FROM scratch\n"
        "COPY --from=base /done /\n",
        encoding="utf-8",
    )
    result = ground.build(
        BuildRequest(
            directory=tmp_path,
            platform=str(ground.cell.architecture.platform),
            contexts={**ground.contexts, CONTEXT: ground.good.context},
            reference="",
            timeout=600.0,
            log=tmp_path.parent / f"{tmp_path.name}.log",
            export=f"type=local,dest={tmp_path / 'out'}",
        )
    )
    assert result.failure is None, result.failure
    assert (tmp_path / "out" / "done").is_file()
