from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from orchestrator.engine import embedded, leftovers
from orchestrator.engine.layout import Layout
from orchestrator.engine.network import Snapshot
from orchestrator.errors import EnvironmentFailedError
from tests.unit.engine.fakes import FakeRunner, FakeTable, Told

STATE = embedded.State(
    pid=4242,
    program="/t/key/usr/sbin/dockerd",
    backend="nft",
    kept=True,
    started_by="process 1",
    before=Snapshot(rules={"iptables": ("filter -P INPUT ACCEPT",)}, forwarding="0"),
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path / "engine", run=tmp_path / "run" / "orchestrator-0-abc")


def remember(layout: Layout, state: embedded.State) -> None:
    layout.run.mkdir(parents=True)
    layout.state.write_text(json.dumps(asdict(state)))


def test_the_host_must_be_linux_and_the_user_root() -> None:
    embedded.require_host(system="linux", root=True)
    with pytest.raises(EnvironmentFailedError, match="needs root") as caught:
        embedded.require_host(system="linux", root=False)
    assert "sudo orchestrator engine start" in caught.value.mend
    with pytest.raises(EnvironmentFailedError, match="needs Linux"):
        embedded.require_host(system="darwin", root=True)


def test_the_state_survives_the_process_that_wrote_it(layout: Layout) -> None:
    remember(layout, STATE)
    assert embedded.load_state(layout) == STATE


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"pid": 1}', '{"before": {}}', '{"before": {"rules": 3}}'])
def test_a_damaged_record_counts_as_none(layout: Layout, damage: str) -> None:
    layout.run.mkdir(parents=True)
    layout.state.write_text(damage)
    assert embedded.load_state(layout) is None
    assert embedded.running(layout) is None


def test_a_pid_that_belongs_to_something_else_is_not_our_engine(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(layout, STATE)
    asked = []

    def alive(pid: int, *, program: Path) -> bool:
        asked.append((pid, program))
        return len(asked) > 1

    monkeypatch.setattr(leftovers, "alive", alive)
    assert embedded.running(layout) is None
    assert embedded.running(layout) == STATE
    assert asked[0] == (4242, Path("/t/key/usr/sbin/dockerd"))


def test_stopping_where_nothing_was_started_does_nothing(layout: Layout) -> None:
    assert embedded.stop(layout, Told(), base={}, runner=FakeRunner({}), table=FakeTable()) is False


def test_a_dead_engines_files_are_swept(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(layout, STATE)
    layout.socket.touch()
    monkeypatch.setattr(embedded, "require_host", lambda: None)
    assert embedded.stop(layout, Told(), base={}, runner=FakeRunner({}), table=FakeTable()) is True
    assert not layout.run.exists()


def test_a_second_start_only_keeps_what_runs(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(layout, replace(STATE, kept=False))
    monkeypatch.setattr(leftovers, "alive", lambda *_, **__: True)
    state = embedded.start(layout, Told(), keep=True, base={}, runner=FakeRunner({}), table=FakeTable())
    assert (state.pid, state.kept) == (4242, True)
    assert embedded.load_state(layout) == STATE
    assert embedded.start(layout, Told(), keep=False, base={}, runner=FakeRunner({}), table=FakeTable()).kept


def test_purging_removes_links_without_following_them(layout: Layout, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (layout.data / "x").mkdir(parents=True)
    (layout.data / "x" / "link").symlink_to(precious)
    (layout.root / "client").symlink_to(precious)
    layout.lock.touch()
    assert embedded.purge(layout) >= 0
    assert [path.name for path in layout.root.iterdir()] == ["lock"]
    assert (precious / "file").exists()


def test_nothing_is_purged_while_something_is_mounted(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.data.mkdir(parents=True)
    monkeypatch.setattr(leftovers, "mounts_below", lambda _: [layout.data])
    with pytest.raises(EnvironmentFailedError, match="still in use"):
        embedded.purge(layout)
    assert layout.data.exists()


def test_purging_what_is_not_there(layout: Layout) -> None:
    assert embedded.purge(layout) == 0


def test_the_end_of_the_log_is_what_a_person_reads_first(layout: Layout) -> None:
    assert embedded.log_tail(layout) == ""
    layout.root.mkdir()
    layout.log.write_text("".join(f"line {number}\n" for number in range(9999)))
    assert embedded.log_tail(layout, lines=2) == "line 9997\nline 9998"


def test_another_running_engine_inherits_the_emulators(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(layout, STATE)
    layout.emulators.write_text(json.dumps({"names": ["qemu-arm"]}))
    other = replace(layout, run=layout.run.with_name("orchestrator-0-other"))
    remember(other, replace(STATE, pid=77))
    monkeypatch.setattr(embedded, "require_host", lambda: None)
    monkeypatch.setattr(leftovers, "alive", lambda pid, **_: pid == 77)
    assert embedded.stop(layout, Told(), base={}, runner=FakeRunner({}), table=FakeTable()) is True
    assert json.loads(other.emulators.read_text())["names"] == ["qemu-arm"]
    assert not layout.run.exists()
