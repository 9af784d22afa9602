"""A base is pinned by the digest of its own platform; nothing else will do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.bases.model import How, Wanted
from orchestrator.bases.registry import NotInRegistryError, from_registry, unreachable
from orchestrator.matrix.model import Architecture, Matrix, Platform
from orchestrator.system.process import Command, Completed

PLATFORMS = ("linux/amd64", "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "unknown/unknown")
INDEX = {
    "digest": "sha256:index",
    "manifests": [
        {"digest": f"sha256:{name}", "size": 1, "platform": dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))}
        for name in PLATFORMS
    ],
}  # fmt: skip


class FakeDocker:
    """Answers with one manifest, or fails with one line."""

    def __init__(self, manifest: Any = None, *, error: str = "") -> None:
        self.manifest, self.error = manifest, error
        self.commands: list[Command] = []

    def __call__(self, command: Command, /) -> Completed:
        self.commands.append(command)
        output = json.dumps(self.manifest).encode()
        return Completed(
            command=command, status=1 if self.error else 0, stdout=output, stderr=self.error.encode(), seconds=0.25
        )


def wanted(matrix: Matrix, platform: str) -> Wanted:
    suite = matrix.images[0].variant.suite
    architecture = Architecture(name="x", platform=Platform.parse(platform))
    return Wanted(reference="debian:stretch-slim", suite=suite, architecture=architecture)


@pytest.mark.parametrize("platform", PLATFORMS[:-1])
def test_the_manifest_of_the_platform_is_taken(matrix: Matrix, platform: str) -> None:
    docker = FakeDocker(INDEX)
    found = from_registry(wanted(matrix, platform), docker="/d", environment={"A": "1"}, runner=docker)
    assert found.digest == f"sha256:{platform}"
    assert found.how is How.REGISTRY
    assert found.context == f"docker-image://debian:stretch-slim@sha256:{platform}"
    (command,) = docker.commands
    assert command.argv == (
        "/d",
        "buildx",
        "imagetools",
        "inspect",
        "--format",
        "{{json .Manifest}}",
        "debian:stretch-slim",
    )
    assert command.environment == {"A": "1"}
    assert command.timeout is not None
    assert command.timeout <= 30


def test_an_entry_without_a_variant_is_the_usual_one(matrix: Matrix) -> None:
    index = {
        "digest": "sha256:i",
        "manifests": [{"digest": "sha256:m", "platform": {"os": "linux", "architecture": "arm64"}}],
    }
    assert (
        from_registry(wanted(matrix, "linux/arm64/v8"), docker="d", environment={}, runner=FakeDocker(index)).digest
        == "sha256:m"
    )


def test_a_mirror_is_asked_and_pulled_from_under_its_own_name(matrix: Matrix) -> None:
    docker = FakeDocker(INDEX)
    found = from_registry(
        wanted(matrix, "linux/amd64"), docker="d", environment={}, base_registry="localhost:5000/mirror", runner=docker
    )
    assert docker.commands[0].argv[-1] == "localhost:5000/mirror/debian:stretch-slim"
    assert found.reference == "debian:stretch-slim"
    assert found.context == "docker-image://localhost:5000/mirror/debian:stretch-slim@sha256:linux/amd64"


def test_a_platform_that_it_lacks_is_not_there(matrix: Matrix) -> None:
    with pytest.raises(NotInRegistryError, match="exists, but not for linux/s390x"):
        from_registry(wanted(matrix, "linux/s390x"), docker="d", environment={}, runner=FakeDocker(INDEX))


def test_a_registry_that_does_not_answer_is_told_in_its_words(matrix: Matrix) -> None:
    docker = FakeDocker(error="ERROR: dial tcp: lookup example.org: no such host\n")
    with pytest.raises(NotInRegistryError, match=r"^dial tcp: lookup example\.org: no such host$"):
        from_registry(wanted(matrix, "linux/amd64"), docker="d", environment={}, runner=docker)


def test_the_message_names_image_cause_and_a_way_that_works_offline(matrix: Matrix) -> None:
    error = unreachable(wanted(matrix, "linux/amd64"), "no such host", bootstrap="")
    assert "debian:stretch-slim (linux/amd64)" in error.message
    assert error.message.endswith("no such host")
    assert "examples/debian/versions.json" in error.mend
