"""A file that is brought up to date: what is there, what is written, and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, InvalidFileError, UsageError
from orchestrator.system.target import Target, place


def test_a_slash_or_a_directory_means_a_place_inside(tmp_path: Path) -> None:
    inside = Path("a", "b")
    assert place(f"{tmp_path}", inside) == tmp_path / "a" / "b"
    assert place(f"{tmp_path}/new/", inside) == tmp_path / "new" / "a" / "b"
    assert place(f"{tmp_path}/new", inside) == tmp_path / "new"
    assert place("n" * 300, inside) == Path("n" * 300)


def test_what_is_there_is_compared_byte_for_byte(tmp_path: Path) -> None:
    target = Target(path=tmp_path / "new" / "file", text="one\ntwo\n")
    assert (target.current, target.stale) == (None, True)
    assert target.diff.startswith("--- /dev/null\n")
    target.write()
    assert (target.current, target.stale, target.diff) == ("one\ntwo\n", False, "")
    target.path.write_bytes(b"one\r\ntwo\r\n")
    assert target.stale
    assert f"--- a/{target.path}\n" in target.diff


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("real")
    Target(path=link, text="text").write()
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_what_is_no_regular_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(UsageError, match="is no regular file"):
            _ = Target(path=path, text="").stale


def test_what_cannot_be_a_file_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff")
    (tmp_path / "loop").symlink_to("loop")
    for path, said in {
        tmp_path / "file" / "below": "Not a directory",
        tmp_path / "loop": "Too many levels",
        tmp_path / ("n" * 300): "File name too long",
        tmp_path / "file": "is not UTF-8",
    }.items():
        with pytest.raises(InvalidFileError, match=said):
            _ = Target(path=path, text="").stale
    with pytest.raises(EnvironmentFailedError, match="/proc/nowhere/file: cannot be written"):
        Target(path=Path("/proc/nowhere/file"), text="").write()
