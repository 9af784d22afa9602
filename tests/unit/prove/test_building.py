"""An image is built on the one under proof as users do it, without network, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.engine.model import Engine
from orchestrator.prove.containers import building
from orchestrator.prove.containers.building import BuildxBuilder
from orchestrator.prove.containers.owners import scratch_reference
from orchestrator.prove.model import ProofFailedError
from orchestrator.system.process import Cancellation
from tests.unit.prove.engine import FakeEngine
from tests.unit.prove.images import CELLS

CELL = CELLS["3.7-slim-stretch-arm64v8"]
BASE, APP = (scratch_reference(CELL, word) for word in ("base", "app"))
ENGINE = Engine(
    host="unix:///x", docker="/usr/bin/docker", environment={"A": "1"}, embedded=False, version="28", api="1.45",
    buildx_version="0.13", containerd_store=True, architecture="amd64", local=True, platforms=(), data_root="",
)  # fmt: skip


class FakeBuild:
    """In the place of `build`: remembers the request and what lay in the context, and makes the image or fails."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.failure: Failure | None = None
        self.request: BuildRequest | None = None
        self.context: dict[str, bytes] = {}
        self.places: list[Path] = []

    def __call__(
        self,
        request: BuildRequest,
        *,
        docker: str,
        environment: Mapping[str, str],
        cancellation: Cancellation,
        on_step: Callable[[str], None],
    ) -> BuildResult:
        assert (docker, environment, cancellation.requested) == ("/usr/bin/docker", {"A": "1"}, False)
        on_step("a step")
        assert BASE in self.engine.names
        self.request = request
        self.places.append(request.directory)
        self.context = {
            str(path.relative_to(request.directory)): path.read_bytes()
            for path in request.directory.rglob("*")
            if path.is_file()
        }
        request.log.write_text("all that it said\n", encoding="utf-8")
        if self.failure is None:
            self.engine.names[request.reference] = "sha256:app"
        return BuildResult(phases=(), seconds=1.0, failure=self.failure)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine("local/x:k")


@pytest.fixture
def build(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeBuild:
    fake = FakeBuild(engine)
    monkeypatch.setattr(building, "build", fake)
    return fake


def built(engine: FakeEngine, seconds: float = 60) -> Any:
    builder = BuildxBuilder(engine.client, ENGINE, Cancellation())
    return builder(CELL, "local/x:k", "FROM {image}\nRUN x\n", {"d/file": b"1", "top": b"2"}, seconds=seconds)


def test_it_is_built_from_its_context_offline_and_afresh(engine: FakeEngine, build: FakeBuild) -> None:
    with built(engine, seconds=77) as reference:
        assert reference == APP
        assert {BASE, APP} <= engine.names.keys()
    request = build.request
    assert request is not None
    assert build.context == {"d/file": b"1", "top": b"2", "Dockerfile": f"FROM {BASE}\nRUN x\n".encode()}
    assert (request.platform, request.timeout, request.offline, request.fresh) == ("linux/arm64/v8", 77, True, True)
    assert request.contexts == {}


def test_nothing_stays_afterwards(engine: FakeEngine, build: FakeBuild) -> None:
    with built(engine):
        pass
    assert engine.names.keys() == {"local/x:k", "sha256:image"}
    assert not build.places[0].exists()


def test_a_failed_build_is_a_failed_proof_with_its_log(engine: FakeEngine, build: FakeBuild) -> None:
    build.failure = Failure(kind=FailureClass.COMPILE, message="RUN x did not complete")
    with (
        pytest.raises(ProofFailedError, match="FROM the image does not build: RUN x did not complete") as raised,
        built(engine),
    ):
        pass
    assert raised.value.output == "all that it said\n"
    assert engine.names.keys() == {"local/x:k", "sha256:image"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ProofFailedError("wrong answer")])
def test_nothing_stays_whatever_happens_in_between(engine: FakeEngine, build: FakeBuild, error: BaseException) -> None:
    with pytest.raises(type(error)), built(engine):
        raise error
    assert engine.names.keys() == {"local/x:k", "sha256:image"}
    assert build.request is not None
