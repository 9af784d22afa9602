"""Scratch directories go with their owner, or are swept after it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.scratch import dead_scratch, remove_scratch, scratch, sweep_scratch

PREFIX = "orchestrator-context-"


def leave(parent: Path, name: str = f"{PREFIX}dead", *, lock: bool = True, days: float = 0) -> Path:
    """What a killed process leaves: nobody holds its lock."""
    made = parent / name
    (made / "files").mkdir(parents=True)
    (made / "files" / "Dockerfile").write_text("FROM scratch\n")
    if lock:
        (made / "lock").touch()
    then = time.time() - days * 86400
    os.utime(made, (then, then))
    return made


def test_it_is_empty_and_gone_at_the_end(tmp_path: Path) -> None:
    with scratch(PREFIX, tmp_path) as directory:
        assert list(directory.iterdir()) == []
        (directory / "below").mkdir()
        (directory / "below" / "file").write_text("x")
        assert [made.name.startswith(PREFIX) for made in tmp_path.iterdir()] == [True]
        assert directory.parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError), scratch(PREFIX, tmp_path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_use_is_not_swept(tmp_path: Path) -> None:
    with scratch(PREFIX, tmp_path) as directory:
        assert dead_scratch(PREFIX, parent=tmp_path) == []
        assert sweep_scratch(PREFIX, parent=tmp_path) == []
        assert not remove_scratch(directory.parent)
        assert directory.is_dir()


def test_what_a_killed_owner_left_is_swept(tmp_path: Path) -> None:
    dead = leave(tmp_path)
    proof = leave(tmp_path, "orchestrator-proof-dead")
    other = leave(tmp_path, "somebody-elses")
    assert dead_scratch(PREFIX, parent=tmp_path) == [dead]
    assert dead.is_dir()
    assert sweep_scratch(PREFIX, "orchestrator-proof-", parent=tmp_path) == [dead, proof]
    assert list(tmp_path.iterdir()) == [other]
    assert sweep_scratch(PREFIX, parent=tmp_path / "not" / "there") == []


def test_the_lock_is_what_counts_not_that_its_file_is_there(tmp_path: Path) -> None:
    dead = leave(tmp_path)
    with (dead / "lock").open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert sweep_scratch(PREFIX, parent=tmp_path) == []
    assert sweep_scratch(PREFIX, parent=tmp_path) == [dead]


def test_without_a_lock_only_what_is_old_goes(tmp_path: Path) -> None:
    leave(tmp_path, f"{PREFIX}just-made", lock=False)
    leave(tmp_path, f"{PREFIX}yesterday", lock=False, days=1)
    old = leave(tmp_path, f"{PREFIX}old", lock=False, days=3)
    assert sweep_scratch(PREFIX, parent=tmp_path) == [old]
    assert remove_scratch(old)


def test_links_are_not_followed(tmp_path: Path) -> None:
    precious = leave(tmp_path / "home", "precious")
    parent = tmp_path / "tmp"
    parent.mkdir()
    (parent / f"{PREFIX}link").symlink_to(precious)
    (parent / f"{PREFIX}file").write_text("x")
    dead = leave(parent)
    (dead / "files" / "link").symlink_to(precious)
    assert sweep_scratch(PREFIX, parent=parent) == [dead]
    assert (precious / "files" / "Dockerfile").exists()


def test_what_belongs_to_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = leave(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: dead.stat().st_uid + 1)
    assert sweep_scratch(PREFIX, parent=tmp_path) == []


def test_where_none_can_be_made_the_mend_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(EnvironmentFailedError, match="no directory can be made") as caught,
        scratch(PREFIX, tmp_path / "no"),
    ):
        raise AssertionError("not reached")
    assert "orchestrator prune" in caught.value.mend


def test_a_full_disk_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(EnvironmentFailedError, match="No space left"), scratch(PREFIX, tmp_path):
        raise AssertionError("not reached")
    assert list(tmp_path.iterdir()) == []
