"""A base is pinned by the digest of its own platform; nothing else will do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.bases.model import How, Wanted
from orchestrator.bases.registry import PATIENCE, NotInRegistryError, from_registry, unreachable
from orchestrator.matrix.model import Architecture, Matrix, Platform
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Reachability, Retries

PLATFORMS = ("linux/amd64", "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "unknown/unknown")
INDEX = {
    "digest": "sha256:index",
    "manifests": [
        {"digest": f"sha256:{name}", "size": 1, "platform": dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))}
        for name in PLATFORMS
    ],
}  # fmt: skip


class FakeDocker:
    """Answers with one manifest, or fails with one line; first with each of `errors`."""

    def __init__(self, manifest: Any = None, *, error: str = "", errors: Sequence[str] = ()) -> None:
        self.manifest, self.error, self.errors = manifest, error, list(errors)
        self.commands: list[Command] = []

    def __call__(self, command: Command, /) -> Completed:
        self.commands.append(command)
        error = self.errors.pop(0) if self.errors else self.error
        output = json.dumps(self.manifest).encode()
        return Completed(command=command, status=1 if error else 0, stdout=output, stderr=error.encode(), seconds=0.25)


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
        "--raw",
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
    retries = Retries(patience=PATIENCE, sleep=lambda _: None)
    with pytest.raises(NotInRegistryError, match=r"^dial tcp: lookup example\.org: no such host$"):
        from_registry(wanted(matrix, "linux/amd64"), docker="d", environment={}, runner=docker, retries=retries)


def test_a_manifest_for_one_platform_is_named_by_its_bytes(matrix: Matrix) -> None:
    manifest = {"config": {"digest": "sha256:c"}, "layers": []}
    found = from_registry(wanted(matrix, "linux/amd64"), docker="d", environment={}, runner=FakeDocker(manifest))
    assert found.digest == "sha256:" + hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def look_up(matrix: Matrix, docker: FakeDocker, **more: Any) -> str:
    return from_registry(wanted(matrix, "linux/amd64"), docker="d", environment={}, runner=docker, **more).digest


def test_a_registry_that_stumbles_is_asked_again(matrix: Matrix) -> None:
    told: list[tuple[str, int, float]] = []
    retries = Retries(patience=PATIENCE, sleep=lambda _: None, on_retry=lambda *said: told.append(said))
    stumbling = ["ERROR: unexpected status from HEAD request to http://r/v2/: 503 Service Unavailable", "ERROR: EOF"]
    docker = FakeDocker(INDEX, errors=stumbling * 11)
    assert look_up(matrix, docker, retries=retries) == "sha256:linux/amd64"
    assert retries.count == len(told) == 22
    assert told[1][:2] == ("base debian:stretch-slim: EOF", 2)


def test_a_registry_that_only_stumbles_is_given_up(matrix: Matrix) -> None:
    retries = Retries(patience=PATIENCE, sleep=lambda _: None)
    docker = FakeDocker(error="ERROR: 429 Too Many Requests")
    reachability = Reachability()
    for _ in range(2):
        with pytest.raises(NotInRegistryError, match=r"^429 Too Many Requests$"):
            look_up(matrix, docker, retries=retries, reachability=reachability)
    assert len(docker.commands) == 2 * PATIENCE.attempts


@pytest.mark.parametrize(
    "error", ["ERROR: docker.io/library/debian:stretch-slim: not found", "pull access denied", "403 Forbidden"]
)
def test_a_definite_no_is_taken_at_once(matrix: Matrix, error: str) -> None:
    retries = Retries(patience=PATIENCE, sleep=lambda _: None)
    docker = FakeDocker(error=error)
    with pytest.raises(NotInRegistryError):
        look_up(matrix, docker, retries=retries)
    assert len(docker.commands) == 1


@pytest.mark.parametrize(("mirror", "tries"), [(None, 2), ("localhost:5000/mirror", 4)])
def test_no_registry_at_all_is_found_out_soon_and_once(matrix: Matrix, mirror: str | None, tries: int) -> None:
    slept: list[float] = []
    retries = Retries(patience=PATIENCE, sleep=slept.append)
    reachability = Reachability()
    docker = FakeDocker(error="ERROR: failed to do request: dial tcp 127.0.0.1:5000: connect: connection refused")
    more = {"retries": retries, "reachability": reachability, "base_registry": mirror}
    with pytest.raises(NotInRegistryError, match="connection refused"):
        look_up(matrix, docker, **more)
    assert len(docker.commands) == tries
    assert sum(slept) < 3
    with pytest.raises(NotInRegistryError, match=r"did not answer before .*connection refused"):
        look_up(matrix, docker, **more)
    assert len(docker.commands) == tries


def test_an_answer_that_does_not_come_is_not_waited_for_again(matrix: Matrix) -> None:
    asked: list[Command] = []

    def silent(command: Command) -> Completed:
        asked.append(command)
        return Completed(command=command, status=-15, stdout=b"", stderr=b"", seconds=20.0, timed_out=True)

    reachability = Reachability()
    for _ in range(2):
        with pytest.raises(NotInRegistryError, match="the default registry gave no answer within 20 s"):
            from_registry(
                wanted(matrix, "linux/amd64"), docker="d", environment={}, runner=silent, reachability=reachability
            )
    assert len(asked) == 1


def test_the_message_names_image_cause_and_a_way_that_works_offline(matrix: Matrix) -> None:
    error = unreachable(wanted(matrix, "linux/amd64"), "no such host", bootstrap="")
    assert "debian:stretch-slim (linux/amd64)" in error.message
    assert error.message.endswith("no such host")
    assert "examples/debian/versions.json" in error.mend
