"""`status`: what there is of each cell, for machines and for people, from the ledger alone unless a registry is to be asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.group import run
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.dates import proof_dates
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Span, Start, Visit
from orchestrator.matrix.model import Matrix
from orchestrator.publish.names import Names
from orchestrator.report.stock import describe_stock, take_stock, with_heads
from orchestrator.report.stock_table import rough, stock_lines
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT

MATRIX = ROOT / "examples" / "debian" / "versions.json"
IMAGE = "3.9-slim-bullseye"
AMD, ARM = f"{IMAGE}-amd64", f"{IMAGE}-arm64v8"
BASE = "sha256:" + "b" * 64
NAMES = Names(registry="localhost:5000", namespace="library", repository="python")
TAG = "3.9.2-slim"


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")
    return Places.from_environment()


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(("status", "--matrix", str(MATRIX), *args))
    out, err = capsys.readouterr()
    return code, out, err


def attempt(places: Places, cell: str, digest: str, *, passed: bool = True) -> int:
    """Have a cell built, and proven or refused."""
    proof = ProofRecord(name="security/passwords", verdict="passed" if passed else "failed", detail="x", seconds=20.0)
    with open_ledger(places.ledger) as ledger, ledger.run("build") as going:
        start = Start(cell=cell, key="k", execution="native", log="", ingredients={"base": BASE})
        number = ledger.start_attempt(going.number, start)
        ledger.built(number, reference="local:x", digest=digest, size=7, seconds=100.0, phases=())
        ledger.proved(number, [proof])
    return number


def publish(places: Places, cell: str, digest: str, *, registry: str = "localhost:5000") -> None:
    arch = cell.rpartition("-")[2]
    with open_ledger(places.ledger) as ledger:
        number = ledger.start_run("publish")
        ledger.published(number, f"{registry}/{arch}/python:{TAG}", digest)
        ledger.published(number, f"{registry}/library/python:{TAG}", "sha256:index")


def test_the_fields_of_each_cell(capsys: pytest.CaptureFixture[str], places: Places) -> None:
    attempt(places, AMD, "sha256:one")
    attempt(places, AMD, "sha256:two", passed=False)
    publish(places, AMD, "sha256:one")
    code, out, err = call(capsys, IMAGE, "--json")
    amd, arm = json.loads(out)
    assert (code, err) == (0, "")
    assert arm == {
        "id": ARM, "state": "never built", "since": None, "digest": "", "size": 0, "failure": "", "proven": None,
        "base": "", "age_seconds": None, "published": [], "indexes": [],
    }  # fmt: skip
    assert (amd["id"], amd["state"], amd["digest"], amd["size"], amd["failure"]) == (
        AMD, "failed", "sha256:two", 7, "proof failed",
    )  # fmt: skip
    assert set(amd["proven"]) == {"since", "digest", "at"}
    assert (amd["proven"]["digest"], amd["base"]) == ("sha256:one", BASE)
    assert 0 <= amd["age_seconds"] < 60
    (published,) = amd["published"]
    assert (published["reference"], published["digest"]) == (f"localhost:5000/amd64/python:{TAG}", "sha256:one")
    assert 0 <= (datetime.now(UTC) - datetime.fromisoformat(published["when"])).total_seconds() < 60


def test_a_proof_is_dated_by_the_stage_that_ended_else_by_what_it_took(places: Places) -> None:
    first, second = attempt(places, AMD, "sha256:one"), attempt(places, ARM, "sha256:two")
    with open_ledger(places.ledger) as ledger:
        proven = ledger.newest(proven=True)
        by_seconds = proof_dates(ledger, proven)
        began = datetime.fromisoformat(proven[AMD].started)
        assert datetime.fromisoformat(by_seconds[AMD]) == began + timedelta(seconds=120)
        history, later = Chronicle(ledger), (began + timedelta(days=1)).isoformat()
        number = proven[AMD].run
        visit = Visit(run=number, cell=AMD, action="build", reason="", key="k", attempt=first, outcome="proven")
        history.intend([visit])
        history.ended(visit)
        history.span(Span(run=number, cell=AMD, stage="prove", node="", emulated=False, started=later, ended=later))
        again = ledger.start_run("test")
        passed = ProofRecord(name="x", verdict="passed", detail="", seconds=1.0)
        ledger.examined(
            again, cell=ARM, reference="x", digest="sha256:two", execution="native", seconds=1.0, proofs=[passed]
        )
        ledger.connection.execute("UPDATE examinations SET ended = '2099-01-01T00:00:00+00:00'")
        dates = proof_dates(ledger, proven)
    assert dates == {AMD: later, ARM: "2099-01-01T00:00:00+00:00"}
    assert second > first


def test_a_table_of_two_architectures_fits_a_page_and_says_what_failed(
    capsys: pytest.CaptureFixture[str], places: Places
) -> None:
    attempt(places, AMD, "sha256:one")
    attempt(places, AMD, "sha256:two", passed=False)
    attempt(places, ARM, "sha256:three")
    code, out, err = call(capsys)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["image", "amd64", "age", "base", "proof", "arm64v8", "age", "base", "proof", "tags"]
    (row,) = [line for line in lines if line.startswith(f"{IMAGE} ")]
    with open_ledger(places.ledger, create=False) as ledger:
        dates = {name: when[:10] for name, when in proof_dates(ledger, ledger.newest(proven=True)).items()}
    amd, arm = ["failed", "0", "s", "bbbbbbb", dates[AMD]], ["proven", "0", "s", "bbbbbbb", dates[ARM]]
    assert row.split()[1:] == [*amd, *arm, "0/16"]
    assert lines[-2:] == [
        f"{AMD} failed 0 s ago: proof failed: security/passwords: x; proven 0 s ago as",
        "  sha256:one",
    ]


@pytest.mark.parametrize("width", [100, 60, 40, 25])
def test_a_narrow_table_folds(
    capsys: pytest.CaptureFixture[str], places: Places, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    attempt(places, AMD, "sha256:one")
    publish(places, AMD, "sha256:one")
    for words in ((), ("--tags",)):
        _, out, _ = call(capsys, IMAGE, *words)
        assert max(map(len, out.splitlines())) <= max(width, 30)
        assert ("proven" in out) is (not words)
        assert (TAG in out) is bool(words)


def test_every_declared_tag_has_a_row(capsys: pytest.CaptureFixture[str], places: Places) -> None:
    publish(places, AMD, "sha256:1234567890")
    _, out, _ = call(capsys, IMAGE, "--tags")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert len(rows) == 8
    assert rows[TAG] == ["1234567", "0", "s", "never", "published"]
    assert rows["slim"] == ["never", "published", "never", "published"]


def test_publications_elsewhere_count_only_when_no_registry_is_named(places: Places, debian_matrix: Matrix) -> None:
    publish(places, AMD, "sha256:one", registry="other.example/path")
    cells = [cell for cell in debian_matrix.cells if cell.id == AMD]
    with open_ledger(places.ledger, create=False) as ledger:
        anywhere = take_stock(ledger, debian_matrix, cells, None)
        here = take_stock(ledger, debian_matrix, cells, NAMES)
    assert [tag.digest for tag in anywhere[0].cells[0].tags if tag.when] == ["sha256:one"]
    assert [tag.digest for tag in here[0].all_tags if tag.when] == []
    assert len(here[0].all_tags) == 16


def test_what_the_registry_says_stands_beside_what_the_ledger_says(places: Places, debian_matrix: Matrix) -> None:
    publish(places, AMD, "sha256:one")
    cells = [cell for cell in debian_matrix.cells if cell.id == AMD]
    with open_ledger(places.ledger, create=False) as ledger:
        stock = take_stock(ledger, debian_matrix, cells, NAMES)
    heads: dict[str, str | None] = dict.fromkeys((tag.reference for tag in stock[0].all_tags), "sha256:other")
    own, index = f"localhost:5000/amd64/python:{TAG}", f"localhost:5000/library/python:{TAG}"
    heads |= {own: "sha256:one", index: "sha256:wrong", "localhost:5000/amd64/python:slim": None}
    asked = with_heads(stock, heads)
    (told,) = describe_stock(asked)
    by_name: dict[str, Any] = {one["reference"]: one for one in (*told["published"], *told["indexes"])}
    assert len(by_name) == 16
    assert by_name[own]["seen"] == by_name[own]["digest"] == "sha256:one"
    assert by_name["localhost:5000/amd64/python:slim"] == {
        "reference": "localhost:5000/amd64/python:slim", "digest": "", "when": None, "seen": None,
    }  # fmt: skip
    lines = stock_lines(asked, live=False, width=100)
    assert lines[1].endswith("14/16")
    assert lines[2:] == [
        f"{IMAGE}: not there: localhost:5000/amd64/python:slim",
        f"{IMAGE}: led elsewhere than published here: {index}",
    ]
    table = "\n".join(stock_lines(asked, live=False, width=100, by_tag=True))
    assert "index 0 s, now wrong" in table


def test_a_registry_has_to_be_named_to_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "--remote")
    assert (code, out) == (2, "")
    assert "give --registry" in err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (172799, "47 h"), (172800, "2 d"), (8640000, "100 d")],
)  # fmt: skip
def test_ages_are_rough(seconds: float, said: str) -> None:
    assert rough(seconds) == said
