"""One run at a time: whoever comes second waits and says for whom, or gives up; whatever a holder leaves behind, its lock is free."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, ExitCode
from orchestrator.pipeline import lock
from orchestrator.pipeline.lock import run_lock
from orchestrator.system.files import is_locked
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent


class Heard(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str, /) -> None:
        self.notes.append(message)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_says_who_holds_it_and_leaves_no_file(places: Places) -> None:
    with run_lock(places, Silent(), command="build"):
        said = json.loads(places.run_lock.read_text())
        assert (said["pid"], said["command"]) == (os.getpid(), "build")
    assert list(places.state.iterdir()) == []


def test_it_leaves_no_file_after_an_error_either(places: Places) -> None:
    with pytest.raises(KeyError), run_lock(places, Silent(), command="build"):
        raise KeyError
    assert list(places.state.iterdir()) == []


def test_whoever_does_not_wait_ends_with_4_and_is_told_who_is_at_work(places: Places) -> None:
    with run_lock(places, Silent(), command="nightly"):
        with (
            pytest.raises(
                EnvironmentFailedError, match=rf"another run is at work \(nightly, process {os.getpid()}"
            ) as caught,
            run_lock(places, Silent(), command="build", wait=False),
        ):
            pass
        assert caught.value.code is ExitCode.ENVIRONMENT
        assert "--no-wait" in caught.value.mend
        assert places.run_lock.exists(), "the holder's file stays"


def test_whoever_waits_says_so_once_and_gets_its_turn(places: Places) -> None:
    heard, order = Heard(), list[str]()

    def second() -> None:
        with run_lock(places, heard, command="build"):
            order.append("second")

    waiting = threading.Thread(target=second)
    with run_lock(places, Silent(), command="nightly"):
        waiting.start()
        until(lambda: heard.notes)
        time.sleep(3 * lock._LOOK)
        order.append("first")
    waiting.join(timeout=10)
    assert order == ["first", "second"]
    (note,) = heard.notes
    assert "waiting for another run to end (nightly, process" in note
    assert list(places.state.iterdir()) == []


def test_it_says_so_again_when_it_takes_long(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_REMIND", 0.0)
    heard = Heard()
    waiting = threading.Thread(target=lambda: run_lock(places, heard, command="build").__enter__(), daemon=True)
    with run_lock(places, Silent(), command="nightly"):
        waiting.start()
        until(lambda: len(heard.notes) >= 2)
    waiting.join(timeout=10)


def test_many_have_it_one_after_the_other(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_LOOK", 0.001)
    inside, most, turns = 0, 0, 0
    troubles: list[Exception] = []

    def turn() -> None:
        nonlocal inside, most, turns
        try:
            for _ in range(20):
                with run_lock(places, Silent(), command="build"):
                    inside += 1
                    most = max(most, inside)
                    time.sleep(0.0005)
                    inside -= 1
                    turns += 1
        except OSError as error:
            troubles.append(error)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == []
    assert (most, turns) == (1, 80)
    assert list(places.state.iterdir()) == []


@pytest.mark.parametrize(
    "left", [b"", b"{", b"[]", b'{"pid": 1}', b'{"pid": 1, "command": "build", "started": "2026-11-25T16:04:50"}' * 9]
)
def test_what_a_killed_holder_left_is_free_at_once(places: Places, left: bytes) -> None:
    places.state.mkdir(parents=True)
    places.run_lock.write_bytes(left)
    with run_lock(places, Silent(), command="build", wait=False):
        assert json.loads(places.run_lock.read_text())["pid"] == os.getpid()
    assert not places.run_lock.exists()


def test_a_holder_that_has_not_said_yet_who_it_is(places: Places) -> None:
    places.state.mkdir(parents=True)
    with places.run_lock.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with (
            pytest.raises(EnvironmentFailedError, match="it has just started"),
            run_lock(places, Silent(), command="build", wait=False),
        ):
            pass


def test_a_full_disk_does_not_take_it_away(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with (
        run_lock(places, Silent(), command="build"),
        pytest.raises(EnvironmentFailedError, match="it has just started"),
        run_lock(places, Silent(), command="build", wait=False),
    ):
        pass
    assert not places.run_lock.exists()


def test_where_it_cannot_be_made_the_mend_is_told(places: Places) -> None:
    places.state.write_text("in the way")
    with (
        pytest.raises(EnvironmentFailedError, match="the run's lock cannot be made") as caught,
        run_lock(places, Silent(), command="build"),
    ):
        pass
    assert "XDG_STATE_HOME" in caught.value.mend


def test_who_only_asks_turns_no_run_away(places: Places) -> None:
    places.state.mkdir(parents=True, exist_ok=True)
    places.run_lock.touch()
    asking = places.run_lock.open("rb")
    fcntl.flock(asking, fcntl.LOCK_SH)
    threading.Timer(0.1, asking.close).start()
    with run_lock(places, Silent(), command="build", wait=False):
        assert is_locked(places.run_lock)
