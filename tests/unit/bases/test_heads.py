"""What bases are now is found with a request each; what is not found out has its reason, and a memory that lies is not believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from orchestrator.bases.heads import base_heads
from orchestrator.bases.model import How, Wanted
from orchestrator.bases.registry import from_registry
from orchestrator.matrix.model import Architecture, Matrix, Platform
from orchestrator.registry.registries import Registries
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Patience, Retries
from tests.unit.publish.fakes import refused, registries_on
from tests.unit.registry.wire import ADDRESS, FakeWire, digest_of

INDEX = "application/vnd.oci.image.index.v1+json"
PLATFORMS = ("linux/amd64", "linux/arm/v5", "linux/arm/v7", "linux/arm64")


def put(wire: FakeWire, reference: str, content: object, kind: str = INDEX) -> bytes:
    """Have a manifest under a reference, whatever it names."""
    raw = json.dumps(content).encode()
    repository, _, tag = reference.rpartition(":")
    for name in (tag, digest_of(raw)):
        wire.manifests[repository, name] = (kind, raw)
    return raw


def index(number: int = 0) -> object:
    entries = [
        {"digest": f"sha256:{number}{name}", "size": 5, "platform": dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))}
        for name in (*PLATFORMS, "unknown/unknown")
    ]  # fmt: skip
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}


def wanted(matrix: Matrix, *platforms: str, reference: str = "debian:stretch-slim") -> list[Wanted]:
    suite = matrix.images[0].variant.suite
    return [
        Wanted(reference=reference, suite=suite, architecture=Architecture(name=one, platform=Platform.parse(one)))
        for one in platforms
    ]


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire()


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "heads.json"


def test_a_request_for_each_base_once_its_index_is_remembered(wire: FakeWire, memory: Path, matrix: Matrix) -> None:
    put(wire, "library/debian:stretch-slim", index())
    put(wire, "library/buildpack-deps:stretch", index(1))
    every = wanted(matrix, *PLATFORMS) + wanted(matrix, *PLATFORMS, reference="buildpack-deps:stretch")
    for requests in (4, 2, 2):
        wire.requests.clear()
        with registries_on(wire) as registries:
            found = base_heads(registries, every, f"{ADDRESS}/library", memory=memory)
        assert len(wire.requests) == requests
        assert found.unknown == {}
        assert found.digests["debian:stretch-slim", "linux/arm/v5"] == "sha256:0linux/arm/v5"
        assert found.digests["buildpack-deps:stretch", "linux/arm64"] == "sha256:1linux/arm64"
        assert len(found.digests) == 8
    put(wire, "library/debian:stretch-slim", index(2))
    wire.requests.clear()
    with registries_on(wire) as registries:
        moved = base_heads(registries, every, f"{ADDRESS}/library", memory=memory)
    assert moved.digests["debian:stretch-slim", "linux/amd64"] == "sha256:2linux/amd64"
    assert [method for method, _ in wire.requests].count("GET") == 1


def test_the_base_is_the_one_that_buildx_would_find(wire: FakeWire, memory: Path, matrix: Matrix) -> None:
    raw = put(wire, "library/debian:stretch-slim", index())

    def buildx(command: Command, /) -> Completed:
        return Completed(command=command, status=0, stdout=raw, stderr=b"", seconds=0.3)

    for one in wanted(matrix, *PLATFORMS[:3], "linux/arm64/v8"):
        with registries_on(wire) as registries:
            found = base_heads(registries, [one], f"{ADDRESS}/library", memory=memory)
        mine = found.bases[one.reference, one.architecture.name]
        theirs = from_registry(one, docker="d", environment={}, base_registry=f"{ADDRESS}/library", runner=buildx)
        assert (mine.digest, mine.size, mine.context, mine.how) == (
            theirs.digest, theirs.size, theirs.context, How.REGISTRY,
        )  # fmt: skip


def test_a_single_image_is_itself_for_every_platform(wire: FakeWire, memory: Path, matrix: Matrix) -> None:
    content = {"config": {"digest": digest_of(b"c"), "size": 1}, "layers": []}
    raw = put(wire, "library/debian:stretch-slim", content, kind="application/x")
    with registries_on(wire) as registries:
        found = base_heads(registries, wanted(matrix, "linux/amd64"), f"{ADDRESS}/library", memory=memory)
    assert found.digests == {("debian:stretch-slim", "linux/amd64"): digest_of(raw)}


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"a": 1}', "null", '{"%s": "[1]"}', '{"%s": "{}"}', '{"%s": "{\\"manifests\\": []}"}']
)
def test_a_damaged_memory_is_like_none(wire: FakeWire, memory: Path, matrix: Matrix, text: str) -> None:
    memory.parent.mkdir()
    memory.write_text(text.replace("%s", f"{ADDRESS}/library/debian:stretch-slim"))
    put(wire, "library/debian:stretch-slim", index())
    with registries_on(wire) as registries:
        found = base_heads(registries, wanted(matrix, "linux/amd64"), f"{ADDRESS}/library", memory=memory)
    assert list(found.digests.values()) == ["sha256:0linux/amd64"]
    assert len(wire.requests) == 2
    assert json.loads(memory.read_text())


def test_what_cannot_be_found_out_has_its_reason_beside_the_others(
    wire: FakeWire, memory: Path, matrix: Matrix
) -> None:
    put(wire, "library/debian:stretch-slim", index())
    wire.refused["HEAD", "/v2/library/debian:denied".replace(":", "/manifests/")] = httpx.Response(403)
    put(wire, "library/debian:broken", index())
    wire.manifests["library/debian", "broken"] = (INDEX, b"{")
    wire.manifests["library/debian", digest_of(b"{")] = (INDEX, b"{")
    every = [
        one
        for name in ("stretch-slim", "missing", "denied", "broken", "UP per")
        for one in wanted(matrix, "linux/amd64", "linux/s390x", reference=f"debian:{name}")
    ]
    with registries_on(wire) as registries:
        found = base_heads(registries, every, f"{ADDRESS}/library", memory=memory)
    assert list(found.digests) == [("debian:stretch-slim", "linux/amd64")]
    reasons = {name.partition(":")[2]: why for (name, arch), why in found.unknown.items() if arch == "linux/s390x"}
    assert "exists, but not for linux/s390x" in reasons["stretch-slim"]
    assert "is not in localhost:5000" in reasons["missing"]
    assert "403" in reasons["denied"]
    assert "debian:broken" in reasons["broken"]
    assert set(reasons) == {"stretch-slim", "missing", "denied", "broken", "UP per"}


def test_a_registry_that_is_not_there_is_waited_for_once(memory: Path, matrix: Matrix) -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return refused(request)

    pauses: list[float] = []
    every: Sequence[Wanted] = [
        one for name in "abcdefgh" for one in wanted(matrix, "linux/amd64", reference=f"debian:{name}")
    ]
    with Registries(
        environment={"DOCKER_CONFIG": "/nowhere"},
        retries=Retries(patience=Patience(attempts=2), sleep=pauses.append),
        http=lambda _: httpx.Client(transport=httpx.MockTransport(refuse)),
    ) as registries:
        found = base_heads(registries, every, f"{ADDRESS}/library", memory=memory)
    assert (len(asked), len(pauses), found.digests) == (2, 1, {})
    assert len(found.unknown) == 8
    assert all("connection refused" in why for why in found.unknown.values())
    assert not memory.exists()


def test_a_memory_that_cannot_be_written_costs_requests_only(wire: FakeWire, tmp_path: Path, matrix: Matrix) -> None:
    (tmp_path / "file").write_text("")
    put(wire, "library/debian:stretch-slim", index())
    with registries_on(wire) as registries:
        found = base_heads(
            registries, wanted(matrix, "linux/amd64"), f"{ADDRESS}/library", memory=tmp_path / "file" / "heads.json"
        )
    assert len(found.digests) == 1
