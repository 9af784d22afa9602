"""`plan`: why, what is to be published, and how long a farm would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.group import run
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.matrix.load import load_matrix
from orchestrator.pipeline.foresight import foresee
from orchestrator.plan.plan import PlannedCell
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.publish.index import make_index
from orchestrator.publish.model import ImageSet, Member, Provenance
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT

VERSIONS = ROOT / "versions.json"
CELL = "3.7-alpine3.8-amd64"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    return Places.from_environment()


def call(capsys: pytest.CaptureFixture[str], *args: str, matrix: Path = VERSIONS) -> tuple[int, str, str]:
    code = run(("plan", "--matrix", str(matrix), *args))
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], *args: str, matrix: Path = VERSIONS) -> Any:
    code, out, err = call(capsys, *args, "--json", matrix=matrix)
    assert (code, err) == (0, "")
    return json.loads(out)


def proven(places: Places, cells: tuple[PlannedCell, ...], **changed: str) -> None:
    """Have the ledger know these cells as proven, as they are planned now but for what is changed."""
    with open_ledger(places.ledger) as ledger:
        number = ledger.start_run("build")
        for one in cells:
            ingredients = {**one.key.ingredients, **changed}
            key = "other" if changed else one.key.value
            attempt = ledger.start_attempt(
                number,
                Start(
                    cell=one.cell.id, key=key, execution="native", log="/logs/x.log", ingredients=ingredients,
                    reference="local:x", dockerfile=one.known.dockerfile,
                ),
            )  # fmt: skip
            ledger.built(attempt, reference="local:x", digest="sha256:1", size=1, seconds=100.0, phases=())
            passed = ProofRecord(name="architecture/machine", verdict="passed", detail="", seconds=20.0)
            ledger.proved(attempt, [passed], catalogue=fingerprint())


def cells_of(places: Places, image: str) -> tuple[PlannedCell, ...]:
    matrix = load_matrix(VERSIONS)
    cells = [cell for cell in matrix.cells if cell.image.id == image]
    return foresee(matrix, cells, places).planned


def test_why_tells_all_of_a_new_cell(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "--why", CELL)
    assert (code, err) == (0, "")
    first, second, *_ = out.splitlines()
    assert (first, second) == (f"{CELL}: build", "  because new: there is no attempt at it yet")
    assert "3.7.2 sha256:d83fe8ce51b1bb48bbcf0550fd265b9a75cdfdfa93f916f9e700aef8444bf1bb" in out
    assert "pip==18.1 sha256:" in out
    whole = document(capsys, "--why", CELL)
    assert (whole["id"], whole["action"], whole["changes"], whole["compared_with"]) == (CELL, "build", [], None)


def test_why_names_what_changed_line_by_line(capsys: pytest.CaptureFixture[str], state: Places) -> None:
    planned = tuple(one for one in cells_of(state, "3.7-alpine3.8") if one.cell.id == CELL)
    text = planned[0].known.dockerfile
    assert text.count("\t&& make -j") == 1
    proven(state, planned, dockerfile="before")
    with open_ledger(state.ledger) as ledger, ledger._connection as connection:
        connection.execute("DELETE FROM dockerfiles")
        connection.execute(
            "INSERT INTO dockerfiles VALUES ('before', ?)", (text.replace("\t&& make -j", "\t&& make -k -j"),)
        )
    whole = document(capsys, "--why", CELL)
    assert whole["action"] == "build"
    assert whole["reason"].startswith("the recipe changed: line ")
    assert [one["ingredient"] for one in whole["changes"]] == ["dockerfile"]
    assert any(line.startswith("-\t&& make -k -j") for line in whole["dockerfile_diff"])
    assert whole["compared_with"]["state"] == "proven"
    code, out, _ = call(capsys, "--why", CELL)
    assert code == 0
    assert "compared with attempt 1 of run 1" in out
    assert "  -\t&& make -k -j" in out
    assert "  log /logs/x.log" in out


@pytest.mark.parametrize(
    "words",
    [
        ("--why", CELL, "--simulate"),
        ("--why", CELL, "--nodes", "4"),
        ("--why", CELL, "3.7-stretch"),
        ("--why", CELL, "--force"),
        ("--why", "3.7-alpine3.88"),
        ("--why", "3.7-alpine3.8", "--json"),
        ("--nodes", "4"),
        ("--seed", "3"),
        ("--simulate", "--nodes", "amd46:4"),
        ("--simulate", "--failure-rate", "x=1"),
    ],
)
def test_words_that_mean_nothing_together_are_a_usage_error(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("orchestrator: ")
    assert "mend: " in err


def test_what_is_proven_is_to_be_published_where_there_is_a_registry(
    capsys: pytest.CaptureFixture[str], state: Places, tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("registry: localhost:5000\n")
    words = ("3.7-alpine3.8", "--config", str(config))
    planned = cells_of(state, "3.7-alpine3.8")
    proven(state, planned)
    assert [one["action"] for one in document(capsys, "3.7-alpine3.8")["cells"]] == ["nothing", "nothing"]
    found = document(capsys, *words)
    assert [one["action"] for one in found["cells"]] == ["publish", "publish"]
    assert (
        "localhost:5000/amd64/python:3.7.2-alpine3.8 and 7 more tags not published since" in found["cells"][0]["reason"]
    )
    assert found["publish"] == [{"image": "3.7-alpine3.8", "ready": True, "waiting_for": []}]
    with open_ledger(state.ledger) as ledger:
        number, journal = ledger.start_run("publish"), Journal(ledger)
        members = tuple(
            Member(
                cell=one.cell.id, arch=one.cell.architecture.name, attempt=1, image="sha256:1", digest="sha256:1",
                media_type="x", size=1, platform={}, created="",
            )
            for one in planned
        )  # fmt: skip
        index = make_index(members, Provenance())
        begun = ImageSet(
            image="3.7-alpine3.8", registry="localhost:5000/library/python", members=members, index=index, targets=()
        )
        set_number = journal.begin(number, begun)
        assert [one["action"] for one in document(capsys, *words)["cells"]] == ["publish", "publish"]
        journal.done(set_number, number, [])
    assert [one["action"] for one in document(capsys, *words)["cells"]] == ["nothing", "nothing"]


def test_an_image_that_is_not_whole_is_not_to_be_published(
    capsys: pytest.CaptureFixture[str], state: Places, tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("registry: localhost:5000\n")
    proven(state, cells_of(state, "3.7-alpine3.8")[:1])
    found = document(capsys, "3.7-alpine3.8", "--config", str(config))
    assert [one["action"] for one in found["cells"]] == ["nothing", "build"]
    assert found["publish"][0]["ready"] is False


def test_a_simulated_run_of_the_whole_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--simulate", "--nodes", "amd64:4", "--nodes", "arm64v8:4")["simulation"]
    assert found["failed"] == {}
    assert 1 <= found["ratio"] <= 1.1
    assert {one["id"] for one in found["schedule"]} == {cell.id for cell in load_matrix(VERSIONS).cells}
    assert not any(one["emulated"] for one in found["schedule"])
    assert max(one["end"] for one in found["schedule"]) == found["makespan"]
    slow = document(capsys, "--simulate", "--nodes", "amd64:8")["simulation"]
    assert slow["makespan"] > 3 * found["makespan"]
    assert document(capsys, "--simulate", "--nodes", "amd64:8", "--jobs", "1")["simulation"]["utilisation"] < 0.13
    code, out, _ = call(capsys, "--simulate", "--nodes", "amd64:4:0")
    assert code == 0
    assert "22 cells: emulator missing (no node runs their platform)" in out
    assert "(ratio " not in out


def test_recorded_and_given_durations_and_failures(
    capsys: pytest.CaptureFixture[str], state: Places, tmp_path: Path
) -> None:
    proven(state, cells_of(state, "3.7-alpine3.8"))
    one = ("--simulate", "--force", "--nodes", "amd64:1", CELL)
    assert document(capsys, *one)["simulation"]["makespan"] == 120
    assert document(capsys, "--simulate", "--nodes", "amd64:1", CELL)["simulation"]["makespan"] == 0
    seconds = tmp_path / "seconds.json"
    seconds.write_text(json.dumps({CELL: {"native": 7, "prove": 3}}))
    assert document(capsys, *one, "--durations", str(seconds))["simulation"]["makespan"] == 10
    again = document(capsys, *one, "--failure-rate", "network=0.9", "--seed", "5")["simulation"]
    assert again["retries"] > 0
    missing = run(("plan", "--matrix", str(VERSIONS), *one, "--durations", str(tmp_path / "none.json")))
    assert missing == 3
