"""A ledger of an older format is brought up to date, and keeps everything that it remembers."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import Examination, PhaseRecord, ProofRecord, State
from orchestrator.ledger.schema import MIGRATIONS

_ROWS = """
INSERT INTO runs VALUES (1, 'build', '2026-01-01T00:00:00.000+00:00', '2026-01-01T01:00:00.000+00:00', 1);
INSERT INTO attempts VALUES
    (1, 1, 'c', 'k', 'proven', 'native', 'local/x:k', 'sha256:1', 42, '2026-01-01T00:00:00.000+00:00', 7.5, '/l', '', '', '{"base": "b"}'),
    (2, 1, 'd', 'k', 'failed', 'native', 'local/y:k', 'sha256:2', 43, '2026-01-01T00:00:00.000+00:00', 8.5, '/m', 'proof failed',
     'version: 3.7.1', '{}');
INSERT INTO phases VALUES (1, 0, 'compile', 1.5, 0);
INSERT INTO proofs VALUES (1, 0, 'machine', 1, 'aarch64', 0.1), (2, 0, 'machine', 1, 'x', 0.1), (2, 1, 'version', 0, '3.7.1', 0.2);
INSERT INTO publications VALUES (1, 1, 'example.org/python:3.7', 'sha256:1', '2026-01-01T02:00:00.000+00:00');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger as the first format wrote it."""
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as plain:
        plain.executescript(MIGRATIONS[0] + _ROWS)
        plain.execute("PRAGMA user_version = 1")
    return path


def test_attempts_keep_their_proofs_with_verdicts(old: Path) -> None:
    with open_ledger(old) as ledger:
        proven = ledger.proven("c", "k")
        failed = ledger.latest("d")
    assert proven is not None
    assert (proven.state, proven.digest, proven.proven_by, proven.ingredients) == (
        State.PROVEN,
        "sha256:1",
        "",
        {"base": "b"},
    )
    assert proven.proofs == (ProofRecord(name="machine", verdict="passed", detail="aarch64", seconds=0.1),)
    assert proven.phases == (PhaseRecord(name="compile", seconds=1.5, cached=False),)
    assert failed is not None
    assert [(one.name, one.verdict, one.passed) for one in failed.proofs] == [
        ("machine", "passed", True), ("version", "failed", False),
    ]  # fmt: skip


def test_a_migrated_ledger_goes_on_like_a_new_one(old: Path) -> None:
    record = ProofRecord(name="recipe/command", verdict="not made", detail="", seconds=0.0)
    with open_ledger(old) as ledger:
        run = ledger.start_run("test")
        assert run == 2
        ledger.proved(2, [record], catalogue="new")
        assert ledger.examined(run, cell="c", reference="r", digest="d", execution="native", seconds=1, proofs=[]) == 1
    with contextlib.closing(sqlite3.connect(old)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert plain.execute("SELECT reference FROM publications").fetchall() == [("example.org/python:3.7",)]
        assert plain.execute("SELECT proven_by FROM attempts ORDER BY id").fetchall() == [("",), ("new",)]


def test_it_is_migrated_once(old: Path) -> None:
    with open_ledger(old) as ledger:
        before = ledger.attempts()
    with open_ledger(old) as ledger:
        assert ledger.attempts() == before


def test_a_migration_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN note TEXT; INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr("orchestrator.ledger.opening.MIGRATIONS", broken)
    with pytest.raises(Exception, match="nowhere"), open_ledger(old):
        pass
    with contextlib.closing(sqlite3.connect(old)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (1,)
        assert "proven_by" not in {row[1] for row in plain.execute("PRAGMA table_info(attempts)")}


def test_examinations_come_back_as_they_were_newest_first(tmp_path: Path) -> None:
    proofs = (
        ProofRecord(name="recipe/command", verdict="passed", detail="CMD", seconds=0.25),
        ProofRecord(name="interpreter/starts", verdict="failed", detail="no", seconds=1.0),
        ProofRecord(name="pip/version", verdict="not made", detail="interpreter/starts failed", seconds=0.0),
    )
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        run = ledger.start_run("test")
        for number in range(3):
            ledger.examined(
                run, cell="c", reference=f"r{number}", digest="sha256:1", execution="native", seconds=2.5, proofs=proofs[:number + 1]
            )  # fmt: skip
        ledger.examined(run, cell="other", reference="r", digest="", execution="", seconds=0, proofs=())
        newest, *others = ledger.examinations("c")
        assert newest == Examination(
            id=3, run=run, cell="c", reference="r2", digest="sha256:1", execution="native", ended=newest.ended, seconds=2.5, proofs=proofs
        )  # fmt: skip
        assert [one.reference for one in others] == ["r1", "r0"]
        assert [one.reference for one in ledger.examinations("c", limit=1)] == ["r2"]
        assert ledger.examinations("nothing") == ()
        assert ledger.attempts("c") == ()


def test_a_verdict_that_is_none_is_refused_whole(tmp_path: Path) -> None:
    wrong = ProofRecord(name="x", verdict="perhaps", detail="", seconds=0.0)
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        run = ledger.start_run("test")
        with pytest.raises(sqlite3.IntegrityError):
            ledger.examined(run, cell="c", reference="r", digest="d", execution="", seconds=0, proofs=[wrong])
        assert ledger.examinations("c") == ()


def test_who_only_reads_leaves_an_older_file_as_it_was(old: Path) -> None:
    before = old.read_bytes()
    with open_ledger(old, create=False) as ledger:
        attempt = ledger.proven("c", "k")
        assert attempt is not None
        assert (attempt.node, attempt.tries) == ("", 1)
        assert ledger.dockerfile("x") is None
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == [old.name]


def test_who_only_reads_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.start_run("build")
    with pytest.raises(Exception, match="readonly"), open_ledger(path, create=False) as ledger:
        ledger.start_run("build")
