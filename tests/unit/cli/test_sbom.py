"""`orchestrator sbom`: the document of a proven cell, and what to do where there is none."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from orchestrator.cli.group import run
from orchestrator.contents.store import write_contents
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT
from tests.unit.contents.images import DIGEST, debian, python, read

MATRIX = ("--matrix", str(ROOT / "examples" / "debian" / "versions.json"))
CELL = "3.9-slim-bullseye-amd64"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Places.from_environment()


def prove(places: Places) -> None:
    with open_ledger(places.ledger) as ledger:
        start = Start(cell=CELL, key="k", execution="native", log="x.log", ingredients={})
        attempt = ledger.start_attempt(ledger.start_run("build"), start)
        ledger.built(attempt, reference="x:1", digest=DIGEST, size=1, seconds=1.0, phases=[])
        ledger.proved(attempt, [ProofRecord(name="a/b", verdict="passed", detail="", seconds=1.0)])


def record(places: Places) -> None:
    write_contents(places, read(debian(), python()))


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(("sbom", *MATRIX, *words))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_document_is_all_of_stdout(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    prove(places)
    record(places)
    code, out, err = call(capsys, CELL)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["name"] == "python-3.9.2-slim-bullseye-linux-amd64"
    assert "zlib1g" in {one["name"] for one in document["packages"]}


def test_a_file_gets_the_same_bytes_and_stdout_none(
    places: Places, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    prove(places)
    record(places)
    _, document, _ = call(capsys, CELL)
    path = tmp_path / "new" / "sbom.json"
    code, out, err = call(capsys, CELL, "--output", str(path))
    assert (code, out) == (0, "")
    assert path.read_text(encoding="utf-8") == document
    assert "packages of 3.9-slim-bullseye-amd64" in " ".join(err.split())


def test_a_file_that_cannot_be_written_is_one_clear_error(
    places: Places, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    prove(places)
    record(places)
    (tmp_path / "file").write_text("")
    code, _, err = call(capsys, CELL, "-o", str(tmp_path / "file" / "sbom.json"))
    assert code == 4
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("words", "proven", "said", "mend"),
    [
        ((CELL,), False, f"{CELL} has not been proven", f"orchestrator build {CELL}"),
        ((CELL,), True, f"the contents of {CELL} (sha256:0123456789ab) were not recorded", f"orchestrator test {CELL}"),
        (("3.9-slim-bullseye",), True, "3.9-slim-bullseye names 2 cells", f"name one, with its architecture: {CELL}"),
        (("3.9-slim-bulseye-amd64",), True, "there is no cell or image", CELL),
    ],
)
def test_where_there_is_none_the_mend_is_told(
    places: Places, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str, mend: str, *, proven: bool
) -> None:
    if proven:
        prove(places)
        write_contents(places, dataclasses.replace(read({}), digest=f"sha256:{'f' * 64}"))
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert mend in err.partition("mend:")[2]
