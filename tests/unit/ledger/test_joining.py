"""Ledgers of several machines become one: nothing is lost, nothing is there twice, and every reference leads to its own row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.ledger.joining import Joined, join
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import PhaseRecord, ProofRecord, Start, State

PASSED = ProofRecord(name="architecture/machine", verdict="passed", detail="x86_64", seconds=0.1)
FAILED = ProofRecord(name="architecture/machine", verdict="failed", detail="aarch64", seconds=0.1)


class Machine:
    """A state directory and what happened on its machine."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "ledger.sqlite"
        self.logs = directory / "logs"

    def build(self, *cells: str, proof: ProofRecord | None = PASSED, catalogue: str = "now") -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        with open_ledger(self.file) as ledger, ledger.run("build") as run:
            for cell in cells:
                log = self.logs / f"{cell}-{self.directory.name}.log"
                log.write_text(cell)
                dockerfile = f"FROM {cell}"
                start = Start(
                    cell=cell, key=f"key of {cell}", execution="native", log=str(log), dockerfile=dockerfile,
                    ingredients={"dockerfile": dockerfile},
                )  # fmt: skip
                number = ledger.start_attempt(run.number, start)
                phases = (PhaseRecord(name=cell, seconds=1.0, cached=False),)
                ledger.built(
                    number, reference=f"local/{cell}", digest=f"sha256:{cell}", size=1, seconds=1, phases=phases
                )
                if proof is not None:
                    ledger.proved(number, [proof], catalogue=catalogue)

    def prove(self, cell: str, *, catalogue: str) -> None:
        with open_ledger(self.file) as ledger:
            ledger.proved(ledger.attempts(cell)[0].id, [PASSED, FAILED], catalogue=catalogue)

    def copy(self, directory: Path) -> Machine:
        shutil.copytree(self.directory, directory)
        return Machine(directory)

    def join(self, *others: Machine, catalogue: str = "now") -> list[Joined]:
        with open_ledger(self.file) as ledger:
            return [join(ledger, other.directory, self.logs, catalogue=catalogue) for other in others]

    def cells(self) -> list[str]:
        """All attempts, oldest first, each of which has to be whole."""
        with open_ledger(self.file, create=False) as ledger:
            attempts = ledger.attempts(limit=1000)
            assert ledger.connection.execute("PRAGMA foreign_key_check").fetchall() == []
            for one in attempts:
                assert [phase.name for phase in one.phases] == [one.cell]
                assert ledger.dockerfile(one.ingredients["dockerfile"]) == f"FROM {one.cell}"
                assert Path(one.log).parent == self.logs
                assert Path(one.log).read_text() == one.cell
            return [one.cell for one in reversed(attempts)]


@pytest.fixture
def home(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


@pytest.fixture
def other(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "other")


def test_what_others_built_is_known_at_home(home: Machine, other: Machine, tmp_path: Path) -> None:
    third = Machine(tmp_path / "third")
    home.build("a", "b")
    other.build("c")
    third.build("d", "e")
    joined = home.join(other, third)
    assert [(one.runs, one.attempts) for one in joined] == [(1, 1), (1, 2)]
    assert home.cells() == ["a", "b", "c", "d", "e"]
    with open_ledger(home.file, create=False) as ledger:
        assert [one.run for one in ledger.attempts("e")] == [3]
        assert ledger.attempts("e")[0].state is State.PROVEN


def test_nothing_is_taken_twice(home: Machine, other: Machine) -> None:
    other.build("a", "b")
    home.join(other)
    (again,) = home.join(other)
    assert (again.runs, again.attempts) == (0, 0)
    assert home.cells() == ["a", "b"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=3), min_size=1, max_size=4))
def test_jobs_that_began_with_a_copy_come_home(
    tmp_path_factory: pytest.TempPathFactory, jobs: Sequence[Sequence[str]]
) -> None:
    directory = tmp_path_factory.mktemp("jobs")
    home = Machine(directory / "home")
    home.build("x", "y")
    others = [home.copy(directory / str(number)) for number in range(len(jobs))]
    for other, cells in zip(others, jobs, strict=True):
        other.build(*cells)
    joined = home.join(*others)
    assert home.cells() == ["x", "y", *(cell for cells in jobs for cell in cells)]
    assert [one.attempts for one in joined] == [len(cells) for cells in jobs]
    assert sum(one.attempts for one in home.join(*others)) == 0


def test_of_an_attempt_that_both_have_the_one_that_got_further_counts(home: Machine, tmp_path: Path) -> None:
    home.build("a", "b", proof=None)
    first, second = home.copy(tmp_path / "first"), home.copy(tmp_path / "second")
    first.prove("a", catalogue="now")
    second.prove("b", catalogue="now")
    home.join(first, second)
    with open_ledger(home.file, create=False) as ledger:
        for cell in ("a", "b"):
            (attempt,) = ledger.attempts(cell)
            assert (attempt.proven_by, len(attempt.proofs)) == ("now", 2)
    assert home.cells() == ["a", "b"]


def test_the_proofs_of_now_count_more_than_those_of_before(home: Machine, tmp_path: Path) -> None:
    home.build("a", catalogue="before")
    renewed, idle = home.copy(tmp_path / "renewed"), home.copy(tmp_path / "idle")
    renewed.prove("a", catalogue="now")
    home.join(renewed, idle)
    with open_ledger(home.file, create=False) as ledger:
        assert [(one.proven_by, len(one.proofs)) for one in ledger.attempts("a")] == [("now", 2)]


def test_numbers_inside_a_set_follow(home: Machine, other: Machine) -> None:
    home.build("a")
    other.build("b")
    with open_ledger(other.file) as ledger, ledger.connection as connection:
        members = json.dumps([{"cell": "b", "attempt": 1}, {"cell": "gone", "attempt": 77}])
        connection.execute(
            "INSERT INTO sets (run, image, registry, state, members, targets, began) VALUES (1, 'i', 'r', 'done', ?, '[]', '')",
            (members,),
        )
    home.join(other)
    with open_ledger(home.file, create=False) as ledger:
        ((run, text),) = ledger.connection.execute("SELECT run, members FROM sets")
        assert (run, ledger.attempts("b")[0].id) == (2, 2)
        assert [one["attempt"] for one in json.loads(text)] == [2, 0]


def test_what_a_run_meant_to_do_comes_along_and_leads_to_attempts_that_were_known(
    home: Machine, tmp_path: Path
) -> None:
    home.build("a")
    job = home.copy(tmp_path / "job")
    with open_ledger(job.file) as ledger, ledger.run("nightly") as run, ledger.connection as connection:
        connection.execute(
            "INSERT INTO visits (run, cell, action, reason, key, attempt) VALUES (?, 'a', 'nothing', '', '', 1)",
            (run.number,),
        )
    home.build("b")
    home.join(job)
    with open_ledger(home.file, create=False) as ledger:
        assert ledger.connection.execute("SELECT run, attempt FROM visits").fetchall() == [(3, 1)]


def test_a_log_that_is_gone_keeps_its_name(home: Machine, other: Machine) -> None:
    other.build("a")
    (log,) = other.logs.iterdir()
    log.unlink()
    home.join(other)
    with open_ledger(home.file, create=False) as ledger:
        assert ledger.attempts("a")[0].log == str(log)


@pytest.fixture
def broken(home: Machine, other: Machine) -> Iterator[Ledger]:
    home.build("a")
    other.build("b", "c")
    with open_ledger(home.file) as ledger:
        yield ledger


def test_what_fails_half_way_leaves_nothing(broken: Ledger, home: Machine, other: Machine) -> None:
    broken.connection.execute("CREATE TEMP TRIGGER no BEFORE INSERT ON proofs BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(EnvironmentFailedError, match="cannot be used: no"):
        join(broken, other.directory, home.logs)
    assert [one.cell for one in broken.attempts()] == ["a"]
    assert broken.connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_places_without_a_ledger_and_damaged_ones_are_errors(broken: Ledger, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no ledger"):
        join(broken, tmp_path / "nowhere", tmp_path)
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(EnvironmentFailedError, match=r"damaged\.sqlite"):
        join(broken, damaged, tmp_path)
