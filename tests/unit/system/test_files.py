"""Files are old or new, never half; locks exclude."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.system.files import locked, read_text, sha256_of, write_atomically


def test_a_file_is_written_with_its_mode_and_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_atomically(path, b"new", mode=0o755)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o755
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fsync(_handle: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(type(error)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_readers_open_file_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomically(path, b"new")
        assert reader.read() == b"old"


def test_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("é\n", encoding="utf-8")
    assert read_text(tmp_path / "x", what="config") == "é\n"


def test_what_cannot_be_read_as_text_is_named_with_a_mend(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"abc\xe9")
    for path, said in (
        (tmp_path / "nothing", "this config does not exist"),
        (tmp_path / "latin", "byte 3 is not UTF-8"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(InvalidFileError, match=said) as raised:
            read_text(path, what="config")
        assert str(path) in raised.value.message
        assert raised.value.mend


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "x").write_bytes(data)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(data).hexdigest()


def test_a_lock_excludes_and_says_once_that_it_waits(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "lock"
    told: list[str] = []
    order: list[str] = []
    held = threading.Event()

    def holder() -> None:
        with locked(path, what="x"):
            held.set()
            time.sleep(0.4)
            order.append("first")

    thread = threading.Thread(target=holder)
    thread.start()
    assert held.wait(5)
    with locked(path, what="x", on_wait=lambda: told.append("waiting")):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert told == ["waiting"]


def test_a_lock_that_is_not_released_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        locked(path, what="the cache"),
        pytest.raises(EnvironmentFailedError, match="held the lock on the cache"),
        locked(path, what="the cache", wait=0.05),
    ):
        pass


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", what="x"):
        raise ZeroDivisionError
    with locked(tmp_path / "lock", what="x", wait=0):
        pass
