"""Real builds on a real engine: Python 3.9 native from upstream's tarball, and what happens when things go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.matrix.load import load_matrix
from orchestrator.prove.model import Kind
from orchestrator.publish.pullback import pull_and_run
from orchestrator.registry.local import local_registry
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import CommandLine
from tests.integration.conftest import ROOT
from tests.integration.images import DEBIAN, Images

CELL = "3.9-slim-bullseye-amd64"
IMAGE = "amd64/python:3.9.2-slim-bullseye"


@pytest.fixture
def built(native_images: Images) -> dict[str, Any]:
    assert native_images.ok
    cell: dict[str, Any] = native_images.cells[CELL]
    return cell


@pytest.mark.timeout(1800)
def test_it_is_built_proven_and_tagged(built: dict[str, Any], client: docker.DockerClient) -> None:
    cell = built
    assert cell["ok"]
    assert cell["executed"] == "native"
    assert all(proof["passed"] for proof in cell["proofs"])
    assert {proof["name"].partition("/")[0] for proof in cell["proofs"]} == set(Kind) - {Kind.PARITY}
    assert {"packages", "configure", "compile", "install", "pip"} <= {phase["name"] for phase in cell["phases"]}
    # However much came from BuildKit's cache, the log names the command and every step with how it ended.
    log = Path(cell["log"]).read_text(encoding="utf-8")
    assert log.startswith("$ ")
    for phase in ("packages", "configure", "compile", "install", "pip", "assemble", "export"):
        assert log.count(f"=== {phase}: ") >= 2, phase
    image = client.images.get(IMAGE)
    assert image.id == cell["digest"]
    for tag in cell["tags"]:
        assert client.images.get(tag).id == image.id
    assert "amd64/python:slim" in cell["tags"]


def test_the_image_is_what_the_recipe_says(built: dict[str, Any], client: docker.DockerClient) -> None:
    assert client.images.get(IMAGE).id == built["digest"]
    config: dict[str, Any] = client.images.get(IMAGE).attrs["Config"]
    assert config["Cmd"] == ["python3"]
    assert config["Env"] == [
        "PATH=/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568",
        "PYTHON_VERSION=3.9.2",
        "PYTHON_PIP_VERSION=18.1",
    ]
    script = (
        "cd /usr/local && find . -name '*.pyc' -o -type d -name test -o -type d -name tests -o -type d -name __pycache__;"
        "readlink bin/python bin/idle bin/pydoc bin/python-config; dpkg-query -W -f '${Package}\\n'; ls -a /dev /usr/src /tmp"
    )
    output: bytes = client.containers.run(IMAGE, ["sh", "-c", script], network_mode="none", remove=True)
    lines = output.decode().splitlines()
    assert lines[:4] == ["python3", "idle3", "pydoc3", "python3-config"]
    assert {"libssl1.1", "libffi7", "libsqlite3-0", "libuuid1", "libgdbm6"} <= set(lines)
    assert not {"gcc", "make", "tk-dev", "libtk8.6", "libssl-dev", "wget"} & set(lines)
    assert not {"python-source", "python-wheels", "python", "requirements.txt"} & set(lines)


def test_a_second_run_has_nothing_to_do(built: dict[str, Any], orchestrator: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("bases: bootstrap\n")
    again = orchestrator("build", *DEBIAN, "--config", str(config), CELL, "--json")
    (cell,) = again.document["cells"]
    assert (again.code, cell["action"]) == (0, "nothing")
    planned = orchestrator("plan", *DEBIAN, CELL, "--json").document
    assert [(one["id"], one["action"]) for one in planned["cells"]] == [(CELL, "nothing")]
    assert cell["key"] == built["key"] == planned["cells"][0]["key"]
    assert orchestrator("test", *DEBIAN, CELL).code == 0
    states = orchestrator("status", *DEBIAN, CELL, "--json").document
    assert [one["state"] for one in states] == ["proven"]


def test_published_to_a_real_registry_and_pulled_back(
    built: dict[str, Any], orchestrator: CommandLine, client: docker.DockerClient, tmp_path: Path
) -> None:
    matrix = tmp_path / "versions.json"
    text = (ROOT / "examples/debian/versions.json").read_text()
    matrix.write_text(
        text.replace('"enabled_architectures": ["amd64", "arm64v8"]', '"enabled_architectures": ["amd64"]')
    )
    whole = ("--matrix", str(matrix), "3.9-slim-bullseye")
    with local_registry(Places(cache=tmp_path / "cache", state=tmp_path / "state"), Silent()) as address:
        # With another architecture required that nobody builds here, the image is held back and nothing is pushed.
        further = tmp_path / "further.json"
        further.write_text(
            text.replace(
                '"enabled_architectures": ["amd64", "arm64v8"]', '"enabled_architectures": ["amd64", "arm32v7"]'
            )
        )
        held = orchestrator("publish", "--matrix", str(further), "3.9-slim-bullseye", "--registry", address, "--json")
        assert held.code == 1
        why = "not proven as the files say now: 3.9-slim-bullseye-arm32v7"
        assert held.document["held_back"] == {"3.9-slim-bullseye": why}
        assert (held.document["published"], held.document["pushed"], held.document["retries"]) == ([], 0, 0)
        done = orchestrator("publish", *whole, "--registry", address, "--json")
        assert done.code == 0, done.err
        references = [one["reference"].removeprefix(f"{address}/") for one in done.document["published"]]
        assert references[:4] == [
            "amd64/python:3.9.2-slim-bullseye",
            "amd64/python:3.9.2-slim",
            "library/python:3.9.2-slim-bullseye",
            "library/python:3.9.2-slim",
        ]
        assert done.document["pushed"] > 0
        assert references[-1] == "library/python:slim"
        assert len(references) == 16
        digests = {one["digest"] for one in done.document["published"] if "/amd64/" in one["reference"]}
        assert digests == {built["digest"]}
        platform = load_matrix(matrix).enabled[0].platform
        assert pull_and_run(client, f"{address}/library/python:3.9-slim", platform) == "x86_64"
    assert not [tag for image in client.images.list() for tag in image.tags if tag.startswith("127.0.0.1:")]


def test_without_a_registry_the_error_names_everything_and_nothing_is_left(
    orchestrator: CommandLine, client: docker.DockerClient, tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("base_registry: 127.0.0.1:9\n")
    before = {str(image.id) for image in client.images.list()}
    failed = orchestrator("build", "--config", str(config), "--version", "3.7", "--variant", "alpine3.8")
    assert failed.code == 5
    assert failed.seconds < 30
    assert failed.out == ""
    assert "alpine:3.8" in failed.err
    assert "127.0.0.1:9" in failed.err
    assert "connection refused" in failed.err
    assert "make build MATRIX=examples/debian/versions.json" in failed.err
    assert {str(image.id) for image in client.images.list()} == before
    assert orchestrator("history", "3.7-alpine3.8-amd64", "--json").document == []


def test_a_wrong_checksum_is_exit_6_and_not_retried(orchestrator: CommandLine, tmp_path: Path) -> None:
    text = (ROOT / "examples/debian/versions.json").read_text()
    real = "3c2034c54f811448f516668dce09d24008a0716c3a794dd8639b5388cbde247d"
    (tmp_path / "versions.json").write_text(text.replace(real, "0" * 64))
    (tmp_path / "orchestrator.yaml").write_text("bases: bootstrap\n")
    options = ("--matrix", str(tmp_path / "versions.json"), "--config", str(tmp_path / "orchestrator.yaml"))
    failed = orchestrator("build", *options, CELL)
    assert failed.code == 6, failed.err
    assert "Python-3.9.2.tar.xz" in failed.err
    assert real in failed.err
