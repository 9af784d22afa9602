"""The ledger keeps what it was told, over kills, damage, newer formats and several processes."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import Attempt, PhaseRecord, ProofRecord, Start, State
from orchestrator.ledger.schema import MIGRATIONS

PHASES = (
    PhaseRecord(name="configure", seconds=1.5, cached=False),
    PhaseRecord(name="compile", seconds=0.0, cached=True),
)
PASSED = ProofRecord(name="architecture/machine", verdict="passed", detail="aarch64", seconds=0.1)
WRONG = ProofRecord(name="interpreter/version", verdict="failed", detail="3.7.1, expected 3.7.2", seconds=0.2)

UNMADE = ProofRecord(name="pip/install", verdict="not made", detail="interpreter/version failed", seconds=0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with open_ledger(path) as opened:
        yield opened


def attempt_at(ledger: Ledger, cell: str, key: str = "k") -> int:
    run = ledger.start_run("build")
    return ledger.start_attempt(run, Start(cell=cell, key=key, execution="native", log="/l", ingredients={"base": "b"}))


def build(ledger: Ledger, number: int, digest: str = "sha256:1") -> None:
    ledger.built(number, reference="local/x:k", digest=digest, size=42, seconds=7.5, phases=PHASES)


def test_an_attempt_goes_from_running_to_proven(ledger: Ledger) -> None:
    number = attempt_at(ledger, "c")
    running = ledger.latest("c")
    assert running is not None
    assert (running.state, running.key, running.ingredients, running.log) == (State.RUNNING, "k", {"base": "b"}, "/l")
    build(ledger, number)
    built = ledger.latest("c")
    assert built is not None
    assert (built.state, built.reference, built.digest, built.size, built.seconds, built.phases) == (
        State.BUILT, "local/x:k", "sha256:1", 42, 7.5, PHASES,
    )  # fmt: skip
    assert ledger.proven("c", "k") is None
    ledger.proved(number, [PASSED])
    proven = ledger.proven("c", "k")
    assert proven is not None
    assert (proven.id, proven.state, proven.proofs, proven.failure_class) == (number, State.PROVEN, (PASSED,), "")


def test_one_failed_proof_fails_the_attempt_and_is_named(ledger: Ledger) -> None:
    number = attempt_at(ledger, "c")
    build(ledger, number)
    ledger.proved(number, [PASSED, WRONG])
    failed = ledger.latest("c")
    assert failed is not None
    assert (failed.state, failed.failure_class) == (State.FAILED, "proof failed")
    assert failed.message == "interpreter/version: 3.7.1, expected 3.7.2"
    assert failed.proofs == (PASSED, WRONG)
    ledger.proved(number, [PASSED])
    again = ledger.latest("c")
    assert again is not None
    assert (again.state, again.proofs, again.message) == (State.PROVEN, (PASSED,), "")


def test_what_was_not_made_is_not_passed_and_the_failed_one_is_named(ledger: Ledger) -> None:
    number = attempt_at(ledger, "c")
    build(ledger, number)
    ledger.proved(number, [UNMADE, WRONG])
    failed = ledger.latest("c")
    assert failed is not None
    assert (failed.state, failed.message) == (State.FAILED, "interpreter/version: 3.7.1, expected 3.7.2")
    assert failed.proofs == (UNMADE, WRONG)
    assert not UNMADE.passed
    ledger.proved(number, [PASSED, UNMADE])
    assert ledger.proven("c", "k") is None


def test_which_catalogue_proved_it_is_remembered(ledger: Ledger) -> None:
    number = attempt_at(ledger, "c")
    build(ledger, number)
    ledger.proved(number, [PASSED], catalogue="one")
    ledger.proved(number, [PASSED], catalogue="two")
    found = ledger.proven("c", "k")
    assert found is not None
    assert found.proven_by == "two"


def test_no_proof_at_all_proves_nothing(ledger: Ledger) -> None:
    number = attempt_at(ledger, "c")
    build(ledger, number)
    ledger.proved(number, [])
    assert ledger.proven("c", "k") is None


def test_a_failure_keeps_class_message_and_phases(ledger: Ledger) -> None:
    ledger.failed(attempt_at(ledger, "c"), failure_class="network", message="no route", seconds=3.0, phases=PHASES)
    failed = ledger.latest("c")
    assert failed is not None
    assert (failed.state, failed.failure_class, failed.message, failed.seconds) == (
        State.FAILED, "network", "no route", 3.0,
    )  # fmt: skip
    assert failed.phases == PHASES


def test_proven_wants_exactly_this_cell_and_key_and_gives_the_newest(ledger: Ledger) -> None:
    for digest in ("sha256:old", "sha256:new"):
        number = attempt_at(ledger, "c", "k")
        build(ledger, number, digest)
        ledger.proved(number, [PASSED])
    attempt_at(ledger, "c", "other")
    found = ledger.proven("c", "k")
    assert found is not None
    assert found.digest == "sha256:new"
    assert ledger.proven("c", "other") is None
    assert ledger.proven("d", "k") is None


def test_attempts_come_newest_first_and_at_most_as_many_as_asked(ledger: Ledger) -> None:
    numbers = [attempt_at(ledger, cell) for cell in ("a", "b", "a", "b")]
    assert [one.id for one in ledger.attempts()] == numbers[::-1]
    assert [one.id for one in ledger.attempts("a")] == [numbers[2], numbers[0]]
    assert [one.id for one in ledger.attempts(limit=1)] == [numbers[3]]


def test_an_unknown_cell_has_no_attempt(ledger: Ledger) -> None:
    assert ledger.latest("nothing") is None
    assert ledger.attempts("nothing") == ()


def test_runs_and_publications_are_written(ledger: Ledger, path: Path) -> None:
    run = ledger.start_run("publish")
    ledger.published(run, "example.org/python:3.7", "sha256:1")
    ledger.end_run(run, 5)
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT command, exit_code, ended >= started FROM runs").fetchall() == [("publish", 5, 1)]
        assert other.execute("SELECT run, reference, digest FROM publications").fetchall() == [
            (run, "example.org/python:3.7", "sha256:1")
        ]


def test_an_attempt_of_no_run_is_refused(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ledger.start_attempt(999, Start(cell="c", key="k", execution="native", log="", ingredients={}))


def test_a_kill_leaves_whole_records(path: Path) -> None:
    # Never closed, as after kill -9: what was told is in the write-ahead log; an open transaction is not.
    with contextlib.ExitStack() as never_closed:
        killed = never_closed.enter_context(open_ledger(path))
        number = attempt_at(killed, "c")
        build(killed, number)
        killed._connection.execute("UPDATE attempts SET state = 'proven'")
        dead = Path(f"{path.parent}-copy")
        dead.mkdir()
        for file in path.parent.iterdir():
            (dead / file.name).write_bytes(file.read_bytes())
        with open_ledger(dead / path.name) as after:
            found = after.latest("c")
    assert found is not None
    assert (found.state, found.phases) == (State.BUILT, PHASES)


def test_a_reader_does_not_wait_for_a_writer(path: Path, ledger: Ledger) -> None:
    attempt_at(ledger, "c")
    ledger._connection.execute("BEGIN IMMEDIATE")
    with open_ledger(path, create=False) as reader:
        assert reader.latest("c") is not None
    ledger._connection.rollback()


def test_several_may_make_it_at_once(tmp_path: Path) -> None:
    problems: list[BaseException] = []
    together = threading.Barrier(4)

    def work(path: Path) -> None:
        together.wait()
        try:
            with open_ledger(path) as opened:
                opened.start_run("build")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
            problems.append(error)

    for number in range(10):
        path = tmp_path / str(number) / "ledger.sqlite"
        threads = [threading.Thread(target=work, args=(path,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with contextlib.closing(sqlite3.connect(path)) as plain:
            assert plain.execute("SELECT count(*) FROM runs").fetchone() == (4,)
    assert problems == []


def test_the_file_is_in_wal_mode_and_has_the_newest_format(ledger: Ledger, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert plain.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert ledger.path == path


@pytest.mark.parametrize(
    "content", [b"this is not a database, whatever its name says" * 40, b"SQLite format 3\x00" + b"\xff" * 4096]
)
@pytest.mark.parametrize("create", [True, False])
def test_a_damaged_file_is_an_error_with_a_mend_and_left_alone(path: Path, content: bytes, *, create: bool) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(EnvironmentFailedError, match="cannot be used") as raised, open_ledger(path, create=create):
        pass
    assert str(path) in raised.value.message
    assert "move it away" in raised.value.mend
    assert path.read_bytes() == content


def test_a_file_damaged_in_its_middle_is_found_out(path: Path) -> None:
    with open_ledger(path) as opened:
        for number in range(200):
            attempt_at(opened, f"c{number}")
    content = bytearray(path.read_bytes())
    assert len(content) > 3 * 4096
    content[4096 : 2 * 4096] = b"\x99" * 4096
    path.write_bytes(content)
    with pytest.raises(EnvironmentFailedError, match="cannot be used"), open_ledger(path):
        pass


def test_a_newer_format_is_refused_and_left_alone(path: Path) -> None:
    with open_ledger(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as plain:
        plain.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(EnvironmentFailedError, match="written by a newer orchestrator") as raised, open_ledger(path):
        pass
    assert "XDG_STATE_HOME" in raised.value.mend
    assert path.read_bytes() == before


def test_a_directory_that_cannot_be_made_is_an_error_with_a_mend(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands where the directory should be", encoding="utf-8")
    with (
        pytest.raises(EnvironmentFailedError, match="cannot be opened") as raised,
        open_ledger(tmp_path / "state" / "ledger.sqlite"),
    ):
        pass
    assert "XDG_STATE_HOME" in raised.value.mend


def test_a_directory_that_cannot_be_written_is_an_error_with_a_mend(tmp_path: Path) -> None:
    # Not even root writes there, so this shows something wherever it runs.
    with (
        pytest.raises(EnvironmentFailedError, match="cannot be opened") as raised,
        open_ledger(Path("/proc/self/ledger.sqlite")),
    ):
        pass
    assert "XDG_STATE_HOME" in raised.value.mend
    assert list(tmp_path.iterdir()) == []


def test_a_directory_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(EnvironmentFailedError, match="cannot be"), open_ledger(path):
        pass


def test_a_missing_ledger_that_shall_not_be_made_is_empty_and_stays_missing(path: Path) -> None:
    with open_ledger(path, create=False) as opened:
        assert opened.attempts() == ()
        assert opened.latest("c") is None
    assert not path.parent.exists()


CELLS = st.sampled_from(["a", "b"])
KEYS = st.sampled_from(["k1", "k2"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
NAMED = st.builds(PhaseRecord, name=TEXTS, seconds=st.floats(0, 1e6), cached=st.booleans())
VERDICTS = st.sampled_from(["passed", "failed", "not made"])
PROOFS = st.builds(ProofRecord, name=TEXTS, verdict=VERDICTS, detail=TEXTS, seconds=st.floats(0, 1e6))
STEPS = st.one_of(
    st.tuples(st.just("start"), CELLS, KEYS, st.dictionaries(TEXTS, TEXTS, max_size=3)),
    st.tuples(st.just("built"), st.integers(0, 9), TEXTS, st.lists(NAMED, max_size=3)),
    st.tuples(st.just("failed"), st.integers(0, 9), TEXTS, st.lists(NAMED, max_size=3)),
    st.tuples(st.just("proved"), st.integers(0, 9), TEXTS, st.lists(PROOFS, max_size=3)),
)


def _apply(ledger: Ledger, run: int, attempts: list[int], step: tuple[object, ...]) -> None:
    match step:
        case ("start", str(cell), str(key), dict(ingredients)):
            attempts.append(
                ledger.start_attempt(
                    run, Start(cell=cell, key=key, execution="native", log="", ingredients=ingredients)
                )
            )
        case ("built", int(which), str(word), list(phases)) if attempts:
            number = attempts[which % len(attempts)]
            ledger.built(number, reference=word, digest=word, size=1, seconds=1.0, phases=phases)
        case ("failed", int(which), str(word), list(phases)) if attempts:
            ledger.failed(attempts[which % len(attempts)], failure_class=word, message=word, seconds=1.0, phases=phases)
        case ("proved", int(which), str(_), list(proofs)) if attempts:
            ledger.proved(attempts[which % len(attempts)], proofs)


def _everything(ledger: Ledger) -> tuple[tuple[Attempt, ...], list[Attempt | None]]:
    return ledger.attempts(limit=1000), [ledger.proven(cell, key) for cell in "ab" for key in ("k1", "k2")]


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=12), st.integers(0, 12))
def test_whatever_was_done_is_there_after_reopening(steps: list[tuple[object, ...]], reopened: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.sqlite"
        attempts: list[int] = []
        with open_ledger(path) as ledger:
            run = ledger.start_run("build")
            for step in steps[:reopened]:
                _apply(ledger, run, attempts, step)
            before = _everything(ledger)
        with open_ledger(path) as ledger:
            assert _everything(ledger) == before
            for step in steps[reopened:]:
                _apply(ledger, run, attempts, step)
            before = _everything(ledger)
        with open_ledger(path, create=False) as ledger:
            assert _everything(ledger) == before
        for found in before[0]:
            assert (found.state is State.PROVEN) <= all(proof.passed for proof in found.proofs)
