"""Logs are known by their names."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.disk.logs import find_logs

OLD = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def put(path: Path, when: datetime = OLD, text: str = "said\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def test_logs_of_builds_and_of_proofs_are_found(tmp_path: Path) -> None:
    build = put(tmp_path / "3.7-slim-stretch-amd64-20260102T030405-0123456789ab.log")
    proofs = put(tmp_path / "3.7-slim-stretch-amd64-20260102T030406-proofs.log", text="")
    found = find_logs(tmp_path)
    assert [(log.path, log.cell, log.size, log.proofs) for log in found] == [
        (build, "3.7-slim-stretch-amd64", 5, False),
        (proofs, "3.7-slim-stretch-amd64", 0, True),
    ]
    assert found[0].written == OLD


def test_a_log_is_as_young_as_what_was_written_last(tmp_path: Path) -> None:
    later = datetime(2026, 3, 1, tzinfo=UTC)
    put(tmp_path / "c-20260102T030405-proofs.log", later)
    put(tmp_path / "d-20260401T000000-proofs.log", later)
    assert [log.written for log in find_logs(tmp_path)] == [later, datetime(2026, 4, 1, tzinfo=UTC)]


def test_nothing_else_is_looked_at(tmp_path: Path) -> None:
    put(tmp_path / "bases" / "c-20260102T030405-proofs.log")
    target = put(tmp_path / "notes.txt")
    put(tmp_path / "c-20261302T030405-proofs.log")
    put(tmp_path / "c-20260102T030405-0123.log")
    (tmp_path / "c-20260102T030405-proofs.log").symlink_to(target)
    (tmp_path / "d-20260102T030405-proofs.log").mkdir()
    assert find_logs(tmp_path) == ()
    assert find_logs(tmp_path / "not" / "there") == ()
