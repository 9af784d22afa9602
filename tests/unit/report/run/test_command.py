from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from orchestrator.cli.group import run
from orchestrator.cli.options import Common
from orchestrator.cli.report import tell_failures
from orchestrator.matrix.model import Matrix
from orchestrator.system.places import Places
from tests.unit.conftest import ROOT
from tests.unit.report.run.conftest import AMD, ARM, OTHER
from tests.unit.report.run.past import Past

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg-cache"))
    monkeypatch.chdir(tmp_path)
    return Places.from_environment()


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], places: Places) -> Call:
    def call(*words: str) -> tuple[int, str, str]:
        code = run(["report", "--matrix", str(ROOT / "versions.json"), *words])
        out, err = capsys.readouterr()
        return code, out, err

    assert places.ledger.is_relative_to(Path.cwd())
    return call


@pytest.mark.usefixtures("nights")
def test_the_text_begins_with_what_failed(report: Call) -> None:
    code, out, err = report()
    assert (code, err) == (0, "")
    assert out.startswith(f"2 of 2 cells FAILED in run 3 (nightly)\n\n{AMD}: compile error\n")
    assert out.endswith("worked on 2 cells: 2 failed\nleft alone: 1 proven, 41 never built\n")
    assert "\x1b" not in out
    assert report("latest") == (code, out, err)
    assert report("3") == (code, out, err)


@pytest.mark.usefixtures("nights")
def test_a_number_names_a_run_and_words_restrict_the_cells(report: Call) -> None:
    code, out, _ = report("2", AMD, "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["run"], [cell["id"] for cell in found["cells"]]) == (2, [AMD])
    _, out, _ = report("--version", "2.7", "--variant", "alpine3.8", "--arch", "amd64", "--format", "json")
    assert [cell["id"] for cell in json.loads(out)["cells"]] == [OTHER]
    _, out, _ = report("latest", ARM, "--json")
    assert [(span["cell"]) for span in json.loads(out)["spans"]] == [ARM, ARM]


@pytest.mark.usefixtures("nights")
@pytest.mark.parametrize("words", [("99",), ("9" * 40,), ("99", AMD)])
def test_an_unknown_run_is_a_usage_error(report: Call, words: tuple[str, ...]) -> None:
    code, out, err = report(*words)
    assert (code, out) == (2, "")
    assert "there is no run 9" in err
    assert "the last ones are 3 (nightly), 2 (nightly), 1 (nightly)" in err


def test_without_a_ledger_it_says_so_and_makes_none(report: Call, places: Places) -> None:
    code, _, err = report()
    assert code == 2
    assert "the ledger knows no run yet" in err
    assert report("--list") == (0, "no runs yet\n", "")
    assert not places.state.exists()


def test_runs_are_listed_newest_first(nights: Past, report: Call) -> None:
    nights.begin("build", day=23)
    nights.begin("test", day=24)
    code, out, _ = report("--list")
    assert code == 0
    assert out.splitlines() == [
        "    5  2026-11-24 03:00  test     killed, or still at work",
        "    4  2026-11-23 03:00  build    killed before its end",
        "    3  2026-11-22 03:00  nightly  some cells failed",
        "    2  2026-11-21 03:00  nightly  some cells failed",
        "    1  2026-11-20 03:00  nightly  all done",
    ]
    _, out, _ = report("--list", "--json")
    assert json.loads(out)[2] == {
        "run": 3, "command": "nightly", "started": "2026-11-22T03:00:00.000+00:00",
        "ended": "2026-11-22T03:30:00.000+00:00", "code": 1, "verdict": "some cells failed",
    }  # fmt: skip


@pytest.mark.usefixtures("nights")
def test_all_forms_are_written_into_a_directory(report: Call, tmp_path: Path) -> None:
    code, out, _ = report("--format", "all", "--output", "reports")
    assert code == 0
    assert out == "run 3: 7 files written to reports: junit.xml, report.json, index.html, badges, repo-info\n"
    there = {
        str(path.relative_to(tmp_path / "reports")) for path in (tmp_path / "reports").rglob("*") if path.is_file()
    }
    assert there == {
        "junit.xml", "report.json", "index.html", "badges/build.svg", "badges/amd64.svg", "badges/arm64v8.svg",
        f"repo-info/{OTHER}.md",
    }  # fmt: skip
    assert json.loads((tmp_path / "reports" / "report.json").read_bytes())["run"] == 3
    assert ET.parse(tmp_path / "reports" / "junit.xml").getroot().tag == "testsuites"  # noqa: S314 - our own
    assert (tmp_path / "reports" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.usefixtures("nights")
def test_one_form_goes_to_stdout_to_a_file_or_into_a_directory(report: Call, tmp_path: Path) -> None:
    _, printed, _ = report("--format", "junit")
    assert report("--format", "junit", "--output", "here/x.xml")[1] == "here/x.xml written\n"
    assert (tmp_path / "here" / "x.xml").read_text(encoding="utf-8") == printed
    assert report("--format", "junit", "--output", "here")[1] == "here/junit.xml written\n"
    assert report("--format", "mail")[1].startswith("Subject: [orchestrator] 2 cells failed")


@pytest.mark.usefixtures("nights")
@pytest.mark.parametrize("form", ["all", "badges", "repo-info"])
def test_many_files_need_a_directory(report: Call, form: str) -> None:
    code, out, err = report("--format", form)
    assert (code, out) == (2, "")
    assert f"orchestrator report --format {form} --output reports" in err


@pytest.mark.usefixtures("nights")
def test_what_cannot_be_written_is_one_clear_error(report: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    code, out, err = report("--format", "badges", "--output", "file/reports")
    assert (code, out) == (4, "")
    assert err.startswith(
        "orchestrator: file/reports/badges/build.svg: the report cannot be written: Not a directory\n"
    )
    assert "--output" in err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.usefixtures("nights")
def test_history_of_one_run(report: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert report("--list")[0] == 0
    matrix = ("--matrix", str(ROOT / "versions.json"))

    def history(*words: str) -> list[tuple[int, str]]:
        assert run(["history", *words, *matrix, "--json"]) == 0
        return [(one["run"], one["id"]) for one in json.loads(capsys.readouterr().out)]

    assert history("--run", "3") == [(3, ARM), (3, AMD)]
    assert history("--run", "3", AMD) == [(3, AMD)]
    assert history("3.7-slim-stretch", "--run", "1") == [(1, ARM), (1, AMD)]
    assert len(history()) == 6
    assert run(["history", "--run", "7", *matrix]) == 2
    assert "there is no run 7" in capsys.readouterr().err


def test_a_command_ends_with_what_failed_of_its_cells(
    nights: Past, matrix: Matrix, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Common(matrix_path=ROOT / "versions.json", config_path=None, json=False, debug=False)
    cells = {cell.id: cell for cell in matrix.cells}
    tell_failures(nights.ledger, matrix, 3, places, told=told, cells=[cells[AMD], cells[OTHER]])
    assert capsys.readouterr().out.startswith(f"\n1 of 1 cell FAILED in run 3 (nightly)\n\n{AMD}: compile error\n")
    tell_failures(nights.ledger, matrix, 1, places, told=told, cells=[cells[AMD]])
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("nights")
def test_the_text_can_go_to_a_file(report: Call, tmp_path: Path) -> None:
    assert report("--output", "x.txt")[1] == "x.txt written\n"
    assert (tmp_path / "x.txt").read_text(encoding="utf-8") == report()[1]
