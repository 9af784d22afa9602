"""Pushing and reading back, with a fake engine and a fake registry."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from docker.errors import APIError, DockerException

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.publish.registry import verify
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Patience, Retries
from tests.unit.publish.fakes import FakeEngine, registry_of

TARGET = "localhost:5000/arm64v8/python:3.7.2"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def retries(slept: list[float]) -> Retries:
    return Retries(sleep=slept.append)


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine()
    made.images_by_name["local/x:k"] = "sha256:1"
    return made


def test_a_push_gives_the_digest_that_the_registry_has_and_leaves_no_name_behind(engine: FakeEngine) -> None:
    assert registry_of(engine).push("local/x:k", TARGET) == "sha256:1"
    assert engine.images_by_name == {"local/x:k": "sha256:1"}
    assert engine.commands[0].environment == {"DOCKER_CONFIG": "/nowhere"}


@pytest.mark.parametrize(
    "trouble",
    [
        ["received unexpected HTTP status: 503 Service Unavailable"],
        [APIError("502 bad gateway"), DockerException("connection reset"), "EOF"],
    ],
)
def test_a_push_that_fails_for_a_while_is_tried_again(
    engine: FakeEngine, slept: list[float], trouble: list[str | Exception]
) -> None:
    engine.trouble[TARGET] = list(trouble)
    told: list[tuple[str, int, float]] = []
    retries = Retries(sleep=slept.append, on_retry=lambda *said: told.append(said))
    assert registry_of(engine, retries).push("local/x:k", TARGET) == "sha256:1"
    assert engine.log == [TARGET] * (len(trouble) + 1)
    assert retries.count == len(slept) == len(trouble)
    assert all(0 <= seconds <= 8 for seconds in slept)
    assert [number for _, number, _ in told] == list(range(1, len(trouble) + 1))
    assert [seconds for _, _, seconds in told] == slept
    assert all(
        f"{TARGET} cannot be pushed: {problem}" == what for (what, _, _), problem in zip(told, trouble, strict=True)
    )


def test_a_push_that_keeps_failing_is_unreachable_with_the_cause_and_leaves_no_name(
    engine: FakeEngine, slept: list[float], retries: Retries
) -> None:
    engine.trouble[TARGET] = ["received unexpected HTTP status: 503 Service Unavailable"] * 100
    with pytest.raises(UnreachableError, match=r"cannot be pushed: .*503 Service Unavailable") as raised:
        registry_of(engine, retries).push("local/x:k", TARGET)
    assert TARGET in raised.value.message
    assert "docker login" in raised.value.mend
    assert len(engine.log) == Patience().attempts
    assert len(slept) == Patience().attempts - 1
    assert engine.images_by_name == {"local/x:k": "sha256:1"}


@pytest.mark.parametrize(
    "said",
    [
        "denied: requested access to the resource is denied",
        APIError("unexpected status from HEAD request to http://r/v2/x: 401 Unauthorized"),
        "failed commit: unexpected status from PUT request to http://r/v2/x: 404 Not Found",
    ],
)
def test_a_refused_push_is_not_tried_again(engine: FakeEngine, retries: Retries, said: str | Exception) -> None:
    engine.trouble[TARGET] = [said] * 2
    with pytest.raises(UnreachableError, match=r"cannot be pushed: .*(denied|401|404)"):
        registry_of(engine, retries).push("local/x:k", TARGET)
    assert engine.log == [TARGET]
    assert retries.count == 0


def test_a_registry_that_never_answered_is_not_waited_for_again(engine: FakeEngine, retries: Retries) -> None:
    refused = 'failed to do request: Head "http://r/v2/": dial tcp 127.0.0.1:5000: connect: connection refused'
    engine.trouble[TARGET] = [refused] * 100
    registry = registry_of(engine, retries)
    with pytest.raises(UnreachableError, match="connection refused"):
        registry.push("local/x:k", TARGET)
    count = retries.count
    assert count == Patience().attempts - 1
    other = TARGET.replace("arm64v8", "amd64")
    calls: list[Callable[[], str]] = [
        lambda: registry.push("local/x:k", other),
        lambda: registry.index(other, []),
        lambda: registry.digest(other),
    ]
    for again in calls:
        with pytest.raises(UnreachableError, match=r"localhost:5000 did not answer before .*connection refused"):
            again()
    assert retries.count == count
    assert other not in engine.log
    # Another registry is not meant.
    assert registry.push("local/x:k", TARGET.replace("5000", "5001")) == "sha256:1"


def test_a_registry_that_answered_at_times_stays_reachable(engine: FakeEngine, retries: Retries) -> None:
    engine.trouble[TARGET] = [*["connection refused"] * 10, "EOF", *["connection refused"] * 13]
    registry = registry_of(engine, retries)
    with pytest.raises(UnreachableError):
        registry.push("local/x:k", TARGET)
    assert registry.push("local/x:k", TARGET) == "sha256:1"


def test_an_interruption_is_not_retried_and_leaves_no_name(engine: FakeEngine, retries: Retries) -> None:
    class Interrupting(FakeEngine):
        def push(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise KeyboardInterrupt

    interrupted = Interrupting()
    interrupted.images_by_name = engine.images_by_name
    with pytest.raises(KeyboardInterrupt):
        registry_of(interrupted, retries).push("local/x:k", TARGET)
    assert interrupted.images_by_name == {"local/x:k": "sha256:1"}
    assert retries.count == 0


def test_an_index_is_made_of_its_members_and_read_back(engine: FakeEngine) -> None:
    registry = registry_of(engine)
    registry.push("local/x:k", TARGET)
    digest = registry.index("localhost:5000/library/python:3.7.2", [f"{TARGET}@sha256:1"])
    assert digest == engine.registry["localhost:5000/library/python:3.7.2"]


def test_an_index_that_cannot_be_made_is_unreachable(engine: FakeEngine) -> None:
    engine.refused_indexes.add("localhost:5000/library/python:3.7")
    with pytest.raises(UnreachableError, match=r"the index .* cannot be made: .*500 Internal") as raised:
        registry_of(engine).index("localhost:5000/library/python:3.7", [])
    assert raised.value.mend


def test_what_cannot_be_read_back_is_unreachable(engine: FakeEngine) -> None:
    with pytest.raises(UnreachableError, match=r"cannot be read back: .*not found"):
        registry_of(engine).digest(TARGET)


def test_the_platforms_of_an_index_leave_attestations_out(engine: FakeEngine) -> None:
    manifests = [
        {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:b", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"digest": "sha256:c", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]

    def answer(command: Command) -> Completed:
        output = json.dumps({"digest": "sha256:i", "manifests": manifests}).encode()
        return Completed(command=command, status=0, stdout=output, stderr=b"", seconds=0.1)

    engine.run = answer  # type: ignore[method-assign]
    assert registry_of(engine).platforms(TARGET) == {"linux/amd64": "sha256:a", "linux/arm64/v8": "sha256:b"}


def test_another_digest_in_the_registry_is_refused() -> None:
    verify("sha256:1", "sha256:1", TARGET)
    with pytest.raises(VerificationError, match=f"{TARGET} points at sha256:2 after pushing sha256:1"):
        verify("sha256:1", "sha256:2", TARGET)
