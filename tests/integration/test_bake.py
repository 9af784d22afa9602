"""The bake file, by buildx itself: it is read whole, and what it builds is what the matrix says."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import ImageNotFound

from orchestrator.engine.model import Engine
from tests.integration.command_line import ROOT, CommandLine
from tests.integration.small import small_matrix

#: Nothing has to be pulled for it, and nothing in it is run.
EMPTY = "FROM scratch\nWORKDIR /{{ image.id }}/{{ token }}\n"
LINE = "3_9-slim-bullseye"


@dataclass(frozen=True, kw_only=True)
class Bake:
    """`docker buildx bake`, reading its file from stdin as the help of `list` says."""

    engine: Engine

    def __call__(self, file: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.engine.docker), "buildx", "bake", "-f", "-", *words],
            input=file, check=False, capture_output=True, text=True, cwd=ROOT, env=dict(self.engine.environment), timeout=120,
        )  # fmt: skip

    def printed(self, file: str, *words: str) -> Any:
        """What bake makes of the file."""
        done = self(file, "--print", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def bake(engine: Engine) -> Bake:
    return Bake(engine=engine)


@pytest.fixture
def small(tmp_path: Path, orchestrator: CommandLine, client: docker.DockerClient) -> Iterator[Path]:
    """A matrix of empty images, rendered; what is tagged like it is removed afterwards."""
    name = f"bake-{uuid.uuid4().hex[:12]}"
    path = small_matrix(tmp_path, uuid.uuid4().hex)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": name}))
    template = tmp_path / "dockerfile-templates" / "slim.Dockerfile.j2"
    template.write_text(EMPTY.replace("{{ token }}", uuid.uuid4().hex))
    assert orchestrator("render", "--matrix", str(path)).code == 0
    yield path
    for image in client.images.list():
        for tag in image.tags:
            if name in tag:
                client.images.remove(tag, force=True)


@pytest.mark.parametrize("matrix", ["versions.json", "examples/debian/versions.json"])
def test_buildx_reads_all_of_it(bake: Bake, orchestrator: CommandLine, matrix: str) -> None:
    words = ("list", "--matrix", matrix, "--all", "--format", "bake", "--registry", "localhost:5000")
    file = orchestrator(*words).out
    written = json.loads(file)
    cells = orchestrator("list", "--matrix", matrix, "--json").document
    found = bake.printed(file)
    assert len(found["target"]) == len(cells)
    for name, target in found["target"].items():
        assert target.items() <= written["target"][name].items()
        assert (ROOT / target["context"] / target["dockerfile"]).is_file()
    for group, members in written["group"].items():
        assert set(bake.printed(file, group)["target"]) == set(members["targets"])


def test_nothing_to_do_is_a_file_that_buildx_takes(bake: Bake) -> None:
    # As `list` writes it when nothing has changed: tests/unit/report/lists/test_bake.py
    done = bake(json.dumps({"group": {"default": {"targets": []}, "index": {"targets": []}}}))
    assert done.returncode == 0, done.stderr


def test_what_it_builds_has_the_platform_and_the_tags_of_the_cell(
    bake: Bake, orchestrator: CommandLine, small: Path, client: docker.DockerClient
) -> None:
    file = orchestrator("list", "--matrix", str(small), "--format", "bake").out
    targets = json.loads(file)["target"]
    done = bake(file, LINE)
    assert done.returncode == 0, done.stderr
    for name, architecture in (("amd64", "amd64"), ("arm64v8", "arm64")):
        for tag in targets[f"{LINE}-{name}"]["tags"]:
            image = client.images.get(tag)
            assert image.attrs["Architecture"] == architecture
            assert image.attrs["Config"]["WorkingDir"].startswith("/3.9-slim-bullseye/")
    with pytest.raises(ImageNotFound):
        client.images.get(targets["2_7-slim-bullseye-amd64"]["tags"][0])


def test_an_index_is_built_for_both_architectures(
    bake: Bake, orchestrator: CommandLine, small: Path, tmp_path: Path
) -> None:
    file = orchestrator("list", "--matrix", str(small), "--format", "bake", "--arch", "amd64").out
    place = tmp_path / "index"
    done = bake(file, f"{LINE}-index", "--set", f"*.output=type=oci,tar=false,dest={place}")
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads((place / "index.json").read_text())["manifests"][:1]
    index = json.loads((place / "blobs" / entry["digest"].replace(":", "/")).read_text())
    found = [one["platform"]["architecture"] for one in index["manifests"]]
    assert {"amd64", "arm64"} <= set(found)
