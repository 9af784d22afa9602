"""Reading back as a user would, with a fake engine."""

from __future__ import annotations

from typing import Any, cast

import docker
import pytest
from docker.errors import APIError, ContainerError
from docker.models.containers import Container

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.matrix.model import Platform
from orchestrator.publish.pullback import pull_and_run

REFERENCE = "localhost:5000/library/python:3.7"
ARM = Platform(os="linux", architecture="arm64", variant="v8")


class FakeEngine:
    """As much of `docker.DockerClient` as pulling back uses."""

    id = "sha256:pulled"

    def __init__(self, *, pull: Exception | None = None, run: Exception | None = None) -> None:
        self.images = self
        self.containers = self
        self.problems = (pull, run)
        self.log: list[Any] = []

    def pull(self, repository: str, *, tag: str, platform: str) -> FakeEngine:
        self.log.append(("pull", repository, tag, platform))
        if self.problems[0]:
            raise self.problems[0]
        return self

    def run(self, reference: str, command: list[str], *, platform: str, network_mode: str, remove: bool) -> bytes:
        assert remove
        assert network_mode == "none"
        self.log.append(("run", reference, command[0], platform))
        if self.problems[1]:
            raise self.problems[1]
        return b"aarch64\n"

    def remove(self, reference: str) -> None:
        self.log.append(("remove", reference))
        raise APIError("already gone")


def pulled(engine: FakeEngine) -> str:
    return pull_and_run(cast("docker.DockerClient", engine), REFERENCE, ARM)


def test_it_pulls_for_the_platform_runs_it_and_drops_the_tag() -> None:
    engine = FakeEngine()
    assert pulled(engine) == "aarch64"
    assert engine.log == [
        ("pull", "localhost:5000/library/python", "3.7", "linux/arm64/v8"),
        ("run", REFERENCE, "python", "linux/arm64/v8"),
        ("remove", REFERENCE),
    ]


def test_what_cannot_be_pulled_is_unreachable_and_nothing_is_removed() -> None:
    engine = FakeEngine(pull=APIError("manifest unknown"))
    with pytest.raises(UnreachableError, match="cannot be pulled for linux/arm64/v8: manifest unknown"):
        pulled(engine)
    assert [entry[0] for entry in engine.log] == ["pull"]


def test_what_does_not_run_is_not_verified_and_its_tag_is_dropped() -> None:
    error = ContainerError(Container(), 1, "python", REFERENCE, "exec format error")
    engine = FakeEngine(run=error)
    with pytest.raises(VerificationError, match="does not run on linux/arm64/v8"):
        pulled(engine)
    assert engine.log[-1] == ("remove", REFERENCE)
