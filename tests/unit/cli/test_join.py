"""`join`: what jobs on other machines did is done at home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.group import run
from orchestrator.matrix.load import load_matrix
from orchestrator.pipeline.foresight import foresee
from orchestrator.system.places import Places
from tests.unit.cli.test_plan import proven
from tests.unit.conftest import ROOT

VERSIONS = ROOT / "versions.json"
AMD64, ARM64 = "3.7-alpine3.8-amd64", "3.7-alpine3.8-arm64v8"


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(args)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def jobs(tmp_path: Path) -> list[Path]:
    """The state directories of two jobs, each of which proved a cell."""
    matrix = load_matrix(VERSIONS)
    found = []
    for cell in (AMD64, ARM64):
        places = Places(cache=tmp_path / "cache", state=tmp_path / cell)
        proven(places, foresee(matrix, [one for one in matrix.cells if one.id == cell], places).planned)
        found.append(places.state)
    return found


def test_a_night_of_jobs_leaves_nothing_to_do(
    capsys: pytest.CaptureFixture[str], jobs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    work = ("list", "--matrix", str(VERSIONS), "--format", "github", "3.7-alpine3.8")
    assert [one["id"] for one in json.loads(call(capsys, *work)[1])["include"]] == [AMD64, ARM64]
    code, out, err = call(capsys, "join", *map(str, jobs))
    assert (code, err) == (0, "")
    assert out == f"{jobs[0]}: 1 run, 1 attempt\n{jobs[1]}: 1 run, 1 attempt\n"
    assert json.loads(call(capsys, *work)[1])["include"] == []
    again = json.loads(call(capsys, "join", "--json", str(jobs[0] / "ledger.sqlite"))[1])
    assert again == {"joined": [{"path": str(jobs[0] / "ledger.sqlite"), "runs": 0, "attempts": 0}]}


@pytest.mark.parametrize(("words", "said"), [((), "Missing argument"), (("/nowhere",), "/nowhere: there is no ledger")])
def test_what_is_no_ledger_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    code, out, err = call(capsys, "join", *words)
    assert (code, out) == (2, "")
    assert said in err
