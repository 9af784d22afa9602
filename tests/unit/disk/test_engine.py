"""An engine is opened where one is, or an embedded one that holds data; none is made just to be emptied."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest

from orchestrator.disk import engine as room
from orchestrator.disk.engine import open_side
from orchestrator.engine.layout import Layout
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.unit.engine.fakes import FakeRunner


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Takes the place of starting an engine; says what happened."""
    said: list[str] = []

    @contextlib.contextmanager
    def engine_for_work(*_: Any, **__: Any) -> Iterator[Any]:
        said.append("engine opened")
        yield SimpleNamespace(host="unix:///s", docker="/bin/docker", environment={"A": "b"})
        said.append("engine given back")

    client = SimpleNamespace(close=lambda: said.append("client closed"))
    monkeypatch.setattr(room, "engine_for_work", engine_for_work)
    monkeypatch.setattr(docker, "from_env", lambda **_: client)
    return said


def test_where_there_is_no_engine_none_is_made(places: Places, started: list[str], tmp_path: Path) -> None:
    with open_side(places, (), Silent(), runner=FakeRunner({})) as side:
        assert side is None
    assert started == []
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_was_ordered_and_does_not_answer_is_an_error(
    places: Places, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:1")
    with (
        pytest.raises(EnvironmentFailedError, match=r"DOCKER_HOST=tcp://192\.0\.2\.1:1"),
        open_side(places, (), Silent(), runner=FakeRunner({})),
    ):
        raise AssertionError("not reached")
    assert started == []


def test_an_embedded_engine_that_holds_data_is_started_for_it(
    places: Places, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "current_tree", lambda _: object())
    with open_side(places, (), Silent(), runner=FakeRunner({})) as side:
        assert side is None
    Layout.of(places).data.mkdir(parents=True)
    with open_side(places, ("farm",), Silent(), runner=FakeRunner({})) as side:
        assert side is not None
        assert (side.builders, side.caches.docker, side.caches.environment) == (("farm",), "/bin/docker", {"A": "b"})
    assert started == ["engine opened", "client closed", "engine given back"]
