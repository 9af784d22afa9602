from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from orchestrator.engine import connect, embedded
from orchestrator.engine.connect import engine_for_work, find_engine
from orchestrator.engine.layout import Layout
from orchestrator.engine.network import Snapshot
from orchestrator.engine.users import Use, in_use
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.places import Places
from tests.unit.engine.fakes import Answer, FakeRunner, Told

INFO = {
    "Architecture": "aarch64",
    "KernelVersion": platform.release(),
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "DockerRootDir": "/var/lib/docker",
}


def answers(
    version: str = "28.5.2", buildx: str = "github.com/docker/buildx v0.29.1 deb", **more: Answer
) -> FakeRunner:
    said: dict[str, Answer] = {
        "buildx version": buildx,
        "buildx inspect": "Name: default\nPlatforms: linux/arm64*, linux/amd64\n",
        "docker version": json.dumps({"Client": {}, "Server": {"Version": version, "ApiVersion": "1.51"}}),
        "docker info": json.dumps(INFO),
        "context inspect": "unix:///var/run/docker.sock\n",
    }
    return FakeRunner({**more, **said})


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def which(name: str, path: str) -> str:
    return f"{path}/{name}"


def test_a_reachable_engine_is_described(places: Places) -> None:
    engine, refusals = find_engine(places, environment={"PATH": "/bin"}, runner=answers(), which=which)
    assert refusals == ()
    assert engine is not None
    assert (engine.version, engine.api, engine.buildx_version, engine.architecture) == (
        "28.5.2",
        "1.51",
        "0.29.1",
        "arm64",
    )
    assert (engine.host, engine.docker, engine.embedded, engine.local) == (
        "unix:///var/run/docker.sock",
        "/bin/docker",
        False,
        True,
    )
    assert engine.containerd_store
    assert engine.platforms == ("linux/arm64", "linux/amd64")
    assert not places.cache.exists()


def test_docker_host_is_believed_and_no_context_asked(places: Places) -> None:
    runner = answers()
    engine, _ = find_engine(
        places, environment={"DOCKER_HOST": "tcp://192.0.2.1:2376", "PATH": "/b"}, runner=runner, which=which
    )
    assert engine is not None
    assert (engine.host, engine.local) == ("tcp://192.0.2.1:2376", False)
    assert not any("context" in line for line in runner.lines)


@pytest.mark.parametrize(
    ("runner", "reason"),
    [
        (answers(version="24.0.7"), "version 24.0.7 is older than 25"),
        (answers(buildx="github.com/docker/buildx v0.12.1 x"), "buildx v0.12.1 is older than 0.13"),
        (FakeRunner({**answers().answers, "buildx version": (1, "unknown command")}), "has no buildx plugin"),
        (FakeRunner({"docker version": (1, "Cannot connect to the Docker daemon")}), "Cannot connect"),
    ],
)
def test_an_engine_that_will_not_do_is_refused_with_the_reason(places: Places, runner: FakeRunner, reason: str) -> None:
    engine, refusals = find_engine(places, environment={"PATH": "/b"}, runner=runner, which=which)
    assert engine is None
    assert reason in refusals[0].reason
    assert str(refusals[-1]) == "the embedded engine: not started"


def test_without_a_docker_command_the_reason_says_so(places: Places) -> None:
    engine, refusals = find_engine(places, environment={}, runner=FakeRunner({}), which=lambda *_: None)
    assert engine is None
    assert refusals[0].reason == "no docker command in PATH"


def test_an_engine_that_the_user_named_is_an_order(places: Places) -> None:
    runner = FakeRunner({"version": (1, "Cannot connect")})
    environment = {"DOCKER_HOST": "tcp://192.0.2.1:1", "PATH": "/usr/bin:/bin"}
    with (
        pytest.raises(EnvironmentFailedError, match=r"DOCKER_HOST=tcp://192\.0\.2\.1:1") as caught,
        engine_for_work(places, Told(), environment=environment, runner=runner),
    ):
        pass
    assert "unset" in caught.value.mend
    assert not places.cache.exists()


class Embedded:
    """Stands in for the embedded engine's module functions."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.state: embedded.State | None = None
        self.log: list[str] = []

    def running(self, layout: Layout) -> embedded.State | None:
        assert layout == self.layout
        return self.state

    def start(self, layout: Layout, _: object, *, keep: bool, **__: object) -> embedded.State:
        assert layout == self.layout
        if self.state is None:
            self.log.append("start")
            before = Snapshot(rules={}, forwarding="1")
            self.state = embedded.State(pid=1, program="/d", backend="nft", kept=keep, started_by="", before=before)
        return self.state

    def stop(self, layout: Layout, _: object, **__: object) -> bool:
        assert layout == self.layout
        self.log.append("stop")
        self.state = None
        return True


@pytest.fixture
def engine(places: Places, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    fake = Embedded(Layout.of(places))
    for name in ("running", "start", "stop"):
        monkeypatch.setattr(embedded, name, getattr(fake, name))
    monkeypatch.setattr(connect, "_which", which)
    return fake


def only_embedded(layout: Layout) -> FakeRunner:
    """The default engine is down, the embedded one answers."""
    up = answers()

    def version(command: object) -> Answer:
        environment = getattr(command, "environment", None) or {}
        if environment.get("DOCKER_HOST") == layout.host:
            return json.dumps({"Server": {"Version": "26.1.5", "ApiVersion": "1.45"}})
        return (1, "Cannot connect")

    return FakeRunner(
        {"docker version": version, **{key: value for key, value in up.answers.items() if key != "docker version"}}
    )


def test_the_last_user_stops_what_was_started_for_work(places: Places, engine: Embedded) -> None:
    told, runner = Told(), only_embedded(engine.layout)
    with engine_for_work(places, told, environment={"PATH": "/b"}, runner=runner) as first:
        assert first.embedded
        assert first.environment["DOCKER_HOST"] == engine.layout.host
        assert in_use(engine.layout.users)
        with engine_for_work(places, told, environment={"PATH": "/b"}, runner=runner):
            assert engine.log == ["start"]
        assert engine.log == ["start"], "the first still works with it"
    assert engine.log == ["start", "stop"]
    assert len([note for note in told.notes if "starting the embedded" in note]) == 1
    assert not in_use(engine.layout.users)


def test_an_engine_started_by_hand_is_left_running(places: Places, engine: Embedded) -> None:
    engine.start(engine.layout, None, keep=True)
    with engine_for_work(places, Told(), environment={"PATH": "/b"}, runner=only_embedded(engine.layout)):
        pass
    assert engine.log == ["start"]


def test_a_failing_worker_stops_it_too(places: Places, engine: Embedded) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        engine_for_work(places, Told(), environment={"PATH": "/b"}, runner=only_embedded(engine.layout)),
    ):
        raise ZeroDivisionError
    assert engine.log == ["start", "stop"]


def test_stopping_under_somebodys_hands_needs_force(places: Places, engine: Embedded) -> None:
    engine.start(engine.layout, None, keep=True)
    engine.layout.root.mkdir(parents=True)
    with Use(engine.layout.users):
        with pytest.raises(EnvironmentFailedError, match="works with the embedded engine") as caught:
            connect.stop_kept(places, Told())
        assert "--force" in caught.value.mend
        assert connect.stop_kept(places, Told(), force=True) == (True, 0)


def test_stopping_what_never_was_creates_nothing(places: Places) -> None:
    assert connect.stop_kept(places, Told(), purge=True) == (False, 0)
    assert not places.cache.exists()
