from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.contents.model import Component, Contents, Ecosystem
from orchestrator.errors import UsageError
from orchestrator.ledger.records import ProofRecord
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.publish.names import Names
from orchestrator.report.run.gathering import gather
from orchestrator.report.run.model import CellReport, CellState, FailureLine, PackageChange, RunReport
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT
from tests.unit.report.run.conftest import AMD, ARM, OTHER
from tests.unit.report.run.past import BROKEN, COMPILE, Past

Gather = Callable[..., RunReport]


@pytest.fixture
def report(past: Past, matrix: Matrix, places: Places) -> Gather:
    return lambda run=None, **more: gather(past.ledger, matrix, run, places, **more)


def at(report: RunReport, cell: str) -> CellReport:
    return next(one for one in report.cells if one.id == cell)


def failure(report: RunReport, cell: str) -> FailureLine:
    found = at(report, cell).failure
    assert found is not None
    return found


def test_a_run_has_all_cells_in_published_order(nights: Past, report: Gather, matrix: Matrix) -> None:
    found = report()
    assert (found.number, found.command, found.code, found.verdict) == (nights.run, "nightly", 1, "some cells failed")
    assert [cell.id for cell in found.cells] == [cell.id for cell in matrix.cells]
    assert [cell.id for cell in found.cells if cell.touched] == [AMD, ARM]
    assert [cell.id for cell in found.failed] == [AMD, ARM]
    assert (found.started, found.ended) == (
        datetime(2026, 11, 22, 3, tzinfo=UTC), datetime(2026, 11, 22, 3, 30, tzinfo=UTC),
    )  # fmt: skip
    assert [(one.number, one.seconds) for one in found.history] == [(1, 3600.0), (2, 3600.0)]
    states = {cell.id: cell.state for cell in found.cells}
    assert (states[AMD], states[ARM], states[OTHER]) == (CellState.FAILED, CellState.FAILED, CellState.PROVEN)
    assert sum(state is CellState.NEVER for state in states.values()) == 41


@pytest.mark.usefixtures("nights")
def test_a_failure_says_since_when_what_changed_and_how_to_see_it(report: Gather) -> None:
    found = failure(report(), AMD)
    assert (found.kind, found.message) == ("compile error", COMPILE)
    assert (found.since_run, found.times) == (2, 2)
    assert found.since == datetime(2026, 11, 21, 3, 1, tzinfo=UTC)
    assert found.changed == ("the base moved from b1 to b2",)
    assert (found.proven_run, found.proven) == (1, datetime(2026, 11, 20, 3, 1, tzinfo=UTC))
    assert found.reproduce.startswith("make build ")
    assert found.reproduce.endswith(" VERSION=3.7 VARIANT=slim-stretch ARCH=amd64")
    assert found.otherwise.startswith(f"orchestrator build {AMD}")
    assert found.tail == ("$ docker buildx", "gcc: error: no\ufffe such <file>")


@pytest.mark.usefixtures("nights")
def test_a_failed_proof_is_told_where_its_log_is_gone(report: Gather) -> None:
    cell = at(report(), ARM)
    assert failure(report(), ARM).tail == ("interpreter/version: 3.7.1, expected 3.7.2",)
    assert [proof.verdict for proof in cell.proofs] == ["passed", "failed", "not made"]
    assert (cell.emulated, cell.node, cell.prove_seconds, cell.log_tail) == (True, "engine", 60.0, ())


@pytest.mark.usefixtures("nights")
def test_a_cell_has_its_key_its_changes_and_its_trend(report: Gather) -> None:
    cell = at(report(), ARM)
    assert cell.changes == ("the base moved from b1 to b2",)
    assert (cell.base, cell.base_digest, cell.key) == ("debian:stretch-slim", "sha256:b2", "key3")
    assert [(one.run, one.state, one.size, one.emulated) for one in cell.trend] == [
        (1, CellState.PROVEN, 42_000_000, True), (3, CellState.FAILED, 42_000_000, True),
    ]  # fmt: skip
    assert [phase.name for phase in cell.phases] == ["packages", "configure", "compile", "install"]
    assert cell.tags[0] == "3.7.2-slim-stretch"


@pytest.mark.usefixtures("nights")
def test_an_older_run_is_told_as_it_was(report: Gather) -> None:
    first, second = report(1), report(2)
    assert {cell.id for cell in first.cells if cell.state is CellState.PROVEN} == {AMD, ARM, OTHER}
    assert first.failed == ()
    assert at(second, ARM).state is CellState.PROVEN
    assert not at(second, ARM).touched
    assert (failure(second, AMD).since_run, failure(second, AMD).times) == (2, 1)
    assert [one.run for one in at(first, AMD).trend] == [1]


def test_proofs_that_are_made_again_later_do_not_change_an_older_run(past: Past, report: Gather) -> None:
    past.begin(day=1)
    past.intend([AMD])
    number = past.proven(AMD)
    past.end(0)
    past.begin(day=2)
    past.intend([OTHER])
    past.proven(OTHER)
    past.end(0)
    past.begin(day=3)
    past.intend([AMD], action="prove", reason="built, but the proofs have changed since")
    past.proven_again(AMD, number, passes=False)
    past.end(1)
    assert at(report(2), AMD).state is CellState.PROVEN
    last = report(3)
    assert at(last, AMD).state is CellState.FAILED
    assert failure(last, AMD).changed == ("built, but the proofs have changed since",)
    assert (failure(last, AMD).since_run, failure(last, AMD).since) == (3, datetime(2026, 11, 3, 3, tzinfo=UTC))


def test_what_failed_before_an_attempt_and_what_was_not_tried_say_why(past: Past, report: Gather) -> None:
    past.begin(day=1)
    past.intend([AMD, ARM])
    past.without_attempt(AMD, "network", "debian:stretch-slim: no answer")
    past.not_tried(ARM, "the disk is full")
    past.end(1)
    found = report()
    missing = failure(found, AMD)
    assert (missing.kind, missing.message, missing.since_run) == ("network", "debian:stretch-slim: no answer", 1)
    assert (missing.changed, missing.proven, missing.tail) == ((), None, ())
    assert (at(found, ARM).state, at(found, ARM).reason) == (CellState.NOT_TRIED, "the disk is full")
    past.begin(day=2)
    past.intend([OTHER])
    past.proven(OTHER)
    past.end(0)
    later = at(report(), AMD)
    assert (later.state, later.touched) == (CellState.FAILED, False)
    assert later.failure is not None
    assert later.failure.kind == "network"


def test_a_success_between_two_failures_begins_the_row_anew(past: Past, report: Gather) -> None:
    for day, fails in ((1, True), (2, False), (3, True), (4, True)):
        past.begin(day=day)
        past.intend([AMD])
        if fails:
            past.failed(AMD, kind="network")
        else:
            past.proven(AMD)
        past.end(1)
    found = failure(report(), AMD)
    assert (found.since_run, found.times, found.changed, found.proven_run) == (3, 2, (), 2)


def test_runs_of_an_older_orchestrator_are_told_by_their_attempts(past: Past, report: Gather) -> None:
    for day in (1, 2, 3):
        past.begin(day=day)
        if day == 1:
            past.proven(AMD)
        else:
            past.failed(AMD, base="sha256:b2")
        past.end(1)
    with past.ledger.connection as connection:
        connection.execute("DELETE FROM visits")
    found = report()
    assert (found.number, at(found, AMD).touched, at(found, AMD).action) == (3, True, "build")
    assert (failure(found, AMD).since_run, failure(found, AMD).times) == (2, 2)


def test_a_run_that_was_killed_is_told_as_such(past: Past, report: Gather) -> None:
    past.begin("build", day=1)
    past.intend([AMD, ARM])
    past.attempt(AMD)
    found = report()
    assert (found.verdict, found.code, found.going) == ("killed before its end", None, False)
    assert [at(found, cell).state for cell in (AMD, ARM)] == [CellState.STOPPED, CellState.NOT_TRIED]
    killed = past.run
    past.begin("build", day=2)
    past.ledger.abandon(before=past.run)
    assert (report(killed).verdict, report(killed).ended) == ("killed before its end", None)


def test_a_run_that_goes_on_is_told_as_such(past: Past, report: Gather, places: Places) -> None:
    past.begin("build", day=2)
    past.intend([AMD, ARM, OTHER])
    past.attempt(AMD)
    past.proven(OTHER)
    places.run_lock.parent.mkdir(parents=True, exist_ok=True)
    with places.run_lock.open("w") as lock:
        lock.write(json.dumps({"pid": 1, "command": "build", "started": past.time(0)}))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = report()
        assert (found.verdict, found.going) == ("still at work", True)
        assert [at(found, cell).state for cell in (AMD, ARM, OTHER)] == [
            CellState.RUNNING, CellState.NOT_TRIED, CellState.PROVEN,
        ]  # fmt: skip
        past.begin("build", day=1)
        past.intend([ARM])
        # An earlier run that the living one has not yet closed.
        assert report(past.run).verdict == "killed before its end"


def test_an_examination_counts_as_work_on_a_cell(past: Past, report: Gather) -> None:
    past.begin(day=1)
    past.intend([AMD])
    past.proven(AMD, digest="sha256:1")
    past.end(0)
    past.begin("test", day=2)
    past.ledger.examined(
        past.run, cell=AMD, reference="amd64/python:3.7.2-slim-stretch", digest="sha256:1", execution="native",
        seconds=4.5, proofs=BROKEN,
    )  # fmt: skip
    past.ledger.examined(
        past.run, cell=ARM, reference="my/image:1", digest="sha256:2", execution="emulated (QEMU 10)", seconds=5.0,
        proofs=(ProofRecord(name="security/shellshock", verdict="failed", detail="it is", seconds=1.0),),
    )  # fmt: skip
    past.end(1)
    found = report()
    assert [cell.id for cell in found.failed] == [AMD, ARM]
    assert (at(found, AMD).action, at(found, AMD).prove_seconds) == ("prove", 4.5)
    assert failure(found, AMD).reproduce.startswith(f"orchestrator test {AMD} --only interpreter/version")
    assert failure(found, ARM).reproduce.startswith(f"orchestrator test --image my/image:1 --as {ARM} --only security/")
    assert (at(found, ARM).attempt, at(found, ARM).digest, at(found, ARM).reason) == (
        None, "sha256:2", "my/image:1 was examined",
    )  # fmt: skip
    assert failure(found, ARM).kind == "proof failed"
    # The cell stays refused for later runs, whatever its attempt says.
    past.begin(day=3)
    past.intend([OTHER])
    past.proven(OTHER)
    assert at(report(), AMD).state is CellState.FAILED


def test_publications_and_what_was_held_back(past: Past, report: Gather) -> None:
    names = Names(registry="localhost:5000", namespace="library", repository="python")
    past.begin(day=1)
    past.intend([AMD])
    past.proven(AMD, digest="sha256:1")
    other, own = "localhost:5000/elsewhere/python:x", "localhost:5000/amd64/python:3.7-slim-stretch"
    for reference in (other, own):
        past.ledger.published(past.run, reference, "sha256:1")
    past.ledger.published(past.run, "localhost:5000/amd64/python:3.7.2-slim-stretch", "sha256:old")
    past.chronicle.hold_back(past.run, "3.7-slim-stretch", "not proven: arm64v8")
    past.end(1)
    found = report(names=names)
    assert at(found, AMD).published == (own, other)
    assert len(found.published) == 3
    assert found.held_back == (("3.7-slim-stretch", "not proven: arm64v8"),)


def test_packages_are_compared_with_the_image_before(past: Past, report: Gather) -> None:
    def contents(digest: str) -> Contents:
        version = {"sha256:1": "1.0", "sha256:2": "1.1"}[digest]
        openssl = Component(ecosystem=Ecosystem.DEB, name="openssl", version=version)
        return Contents(digest=digest, platform="linux/amd64", created="", components=(openssl,))

    for day in (1, 2):
        past.begin(day=day)
        past.intend([AMD])
        past.proven(AMD, base=f"sha256:b{day}", digest=f"sha256:{day}")
        past.end(0)
    cell = at(report(contents=contents), AMD)
    assert cell.package_changes == (PackageChange(name="openssl", before="1.0", after="1.1"),)
    assert cell.contents == contents("sha256:2")
    assert at(report(1, contents=contents), AMD).package_changes == ()


def test_a_matrix_elsewhere_is_named_in_the_command(
    past: Past, places: Places, matrix: Matrix, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    past.begin(day=1)
    past.intend([AMD])
    past.failed(AMD)
    past.end(1)
    monkeypatch.chdir(ROOT)
    here = failure(gather(past.ledger, matrix, None, places), AMD)
    assert here.reproduce == "make build VERSION=3.7 VARIANT=slim-stretch ARCH=amd64"
    assert here.otherwise == f"orchestrator build {AMD}"
    copy = tmp_path / "my matrix" / "versions.json"
    copy.parent.mkdir()
    copy.write_bytes((ROOT / "versions.json").read_bytes())
    there = failure(gather(past.ledger, load_matrix(copy), None, places), AMD)
    assert there.otherwise == f"orchestrator build {AMD} --matrix '{copy}'"


def test_a_run_that_is_not_there_names_the_last_ones(nights: Past, report: Gather) -> None:
    with pytest.raises(UsageError, match=r"there is no run 99; the last ones are 3 \(nightly\), 2 \(nightly\)"):
        report(99)
    nights.begin("publish", day=23)
    assert report().number == 3


def test_an_empty_ledger_says_what_to_do_first(report: Gather) -> None:
    with pytest.raises(UsageError, match="knows no run yet") as caught:
        report()
    assert "orchestrator build" in caught.value.mend


def test_without_a_number_it_is_the_newest_run_that_worked_on_the_cells(
    nights: Past, report: Gather, matrix: Matrix
) -> None:
    nights.begin("build", day=23)
    with nights.ledger.connection as connection:
        connection.execute(
            "INSERT INTO visits (run, cell, action, reason, key) VALUES (4, 'of another matrix', '', '', '')"
        )
    assert report().number == 3
    assert report(cells=[cell for cell in matrix.cells if cell.id == OTHER]).number == 1
    assert report(cells=[cell for cell in matrix.cells if cell.id == "3.4-stretch-amd64"]).number == 4
