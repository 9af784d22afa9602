"""The scripts of examples/ci/matrix.yml as they stand there, one job after the other, each with a checkout and a state of its own; and .ci/orchestrate."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import yaml

from orchestrator.engine.model import Engine
from orchestrator.registry.local import local_registry
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import ROOT
from tests.integration.small import small_matrix

WORKFLOW: Any = yaml.safe_load((ROOT / "examples" / "ci" / "matrix.yml").read_text(encoding="utf-8"))
IMAGE = "3.9-slim-bullseye"
CELLS = (f"{IMAGE}-amd64", f"{IMAGE}-arm64v8")


@dataclass(frozen=True, kw_only=True)
class Hub:
    """What stands in for GitHub: it runs the scripts of a job, and carries directories from job to job."""

    directory: Path
    checkout: Path
    environment: Mapping[str, str]
    artifacts: dict[str, Path] = field(default_factory=dict)

    def job(self, name: str, temp: Path, /, **variables: str) -> dict[str, str]:
        """Run all scripts of a job in a checkout of its own, with `temp` for RUNNER_TEMP; gives its outputs."""
        place = self.directory / "checkouts" / uuid.uuid4().hex
        shutil.copytree(self.checkout, place)
        temp.mkdir(parents=True, exist_ok=True)
        files = {
            variable: place / variable.lower() for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")
        }
        environment = {**self.environment, **variables, "RUNNER_TEMP": str(temp)}
        for step in WORKFLOW["jobs"][name]["steps"]:
            for file in files.values():
                file.touch()
            environment |= dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
            if "run" in step:
                done = subprocess.run(
                    ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                    check=False, capture_output=True, text=True, cwd=place, timeout=200,
                    env={**environment, **{variable: str(file) for variable, file in files.items()}},
                )  # fmt: skip
                assert done.returncode == 0, f"{name}: {step['run']}\n{done.stdout}{done.stderr}"
        return dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())

    def download(self, pattern: str, to: Path) -> None:
        """Put artifacts below a directory, as `download-artifact` does with a pattern."""
        for name, source in self.artifacts.items():
            if re.fullmatch(pattern, name):
                shutil.copytree(source, to / name)


@pytest.fixture
def registry() -> Iterator[str]:
    with local_registry(Places.from_environment(), Silent()) as address:
        yield address


@pytest.fixture
def hub(tmp_path: Path, engine: Engine, client: docker.DockerClient) -> Iterator[Hub]:
    """A checkout with one line of small images, and the command in it."""
    checkout = tmp_path / "checkout"
    name = f"ci-{uuid.uuid4().hex[:12]}"
    path = small_matrix(checkout, uuid.uuid4().hex, lines=1)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": name}))
    (checkout / "Makefile").write_text("setup:\n")
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    command = programs / "orchestrator"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tests.integration.small "$@"\n')
    command.chmod(0o755)
    path_of_docker = f"{Path(engine.docker).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **engine.environment, "PATH": path_of_docker}
    environment.pop("XDG_STATE_HOME", None)
    yield Hub(directory=tmp_path, checkout=checkout, environment=environment)
    remove(client, name)


def remove(client: docker.DockerClient, name: str) -> int:
    """Forget the images of a matrix, as a machine does that is thrown away."""
    tags = [tag for image in client.images.list() for tag in image.tags if name in tag]
    for tag in tags:
        client.images.remove(tag, force=True)
    return len(tags)


def test_jobs_on_machines_of_their_own_publish_an_image_and_leave_one_ledger(
    hub: Hub, registry: str, client: docker.DockerClient
) -> None:
    name = json.loads((hub.checkout / "versions.json").read_text())["name"]
    temp, state = hub.directory / "temp", hub.directory / "temp" / "plan" / "state"
    outputs = hub.job("plan", temp / "plan", REGISTRY=registry)
    assert [one["id"] for one in json.loads(outputs["cells"])["include"]] == list(CELLS)
    assert [one["id"] for one in json.loads(outputs["images"])["include"]] == [IMAGE]
    assert outputs["any"] == "true"
    hub.artifacts["before"] = state

    for cell in CELLS:
        hub.job("build", temp / cell, CELL=cell)
        hub.artifacts[f"cell-{cell}"] = temp / cell / "out"
        assert (temp / cell / "out" / "reports" / "junit.xml").is_file()
        assert remove(client, name) > 0

    shutil.copytree(state, temp / "publish" / "out" / "state")
    hub.download(rf"cell-{IMAGE}-.*", temp / "publish" / "cells")
    hub.job("publish", temp / "publish", IMAGE=IMAGE, REGISTRY=registry)
    hub.artifacts[f"published-{IMAGE}"] = temp / "publish" / "out"
    accept = "application/vnd.oci.image.index.v1+json"
    index = httpx.get(
        f"http://{registry}/v2/library/{name}/manifests/3.9-slim", headers={"Accept": accept}, trust_env=False
    )
    found = [one["platform"]["architecture"] for one in index.json()["manifests"]]
    assert sorted(found) == ["amd64", "arm64"]

    shutil.copytree(state, temp / "remember" / "state")
    hub.download("cell-.*", temp / "remember" / "jobs")
    hub.download("published-.*", temp / "remember" / "jobs")
    hub.job("remember", temp / "remember")

    # The next night begins with what this one remembered.
    shutil.copytree(temp / "remember" / "state", temp / "next" / "state")
    outputs = hub.job("plan", temp / "next", REGISTRY=registry)
    assert outputs == {"cells": '{"include":[]}', "images": '{"include":[]}', "any": "false"}


def orchestrate(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "orchestrate", *words], check=False, capture_output=True, text=True, cwd="/", timeout=60,
        env={**os.environ, **variables},
    )  # fmt: skip


def test_variables_choose_cells_and_the_exit_code_is_the_commands_own() -> None:
    done = orchestrate("list", "--json", VERSION="3.7 3.6", VARIANT="alpine3.8", ARCH="*64", JOBS="2")
    assert done.returncode == 0, done.stderr
    assert [cell["id"] for cell in json.loads(done.stdout)] == ["3.7-alpine3.8-amd64", "3.6-alpine3.8-amd64"]
    assert orchestrate("list", VERSION="9.9").returncode == 2
    assert orchestrate("list", MATRIX="nowhere.json").returncode == 3
    assert orchestrate().returncode != 0


@pytest.mark.parametrize("name", ["VERSION", "VARIANT", "ARCH", "MATRIX", "JOBS"])
@pytest.mark.parametrize("word", ["$(touch {})", "`touch {}`", "3.7; touch {}", "3.7\ntouch {}", "'"])
def test_nothing_that_a_stranger_types_is_run(tmp_path: Path, name: str, word: str) -> None:
    trace = tmp_path / "trace"
    done = orchestrate("list", **{name: word.format(trace)})
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name} may hold only" in done.stderr
    assert not trace.exists()
