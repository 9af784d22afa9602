"""`list`: its formats, and that what has changed is what `plan` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from orchestrator.cli.group import cli, run
from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.load import load_matrix
from orchestrator.pipeline.foresight import foresee
from orchestrator.system.places import Places
from tests.unit.cli.test_plan import proven
from tests.unit.conftest import ROOT

VERSIONS = ROOT / "versions.json"
AMD64, ARM64 = "3.7-alpine3.8-amd64", "3.7-alpine3.8-arm64v8"
WORK = ("github", "jenkins", "bake")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    return Places.from_environment()


def call(capsys: pytest.CaptureFixture[str], *args: str, command: str = "list") -> tuple[int, str, str]:
    code = run((command, "--matrix", str(VERSIONS), *args))
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], *args: str, command: str = "list") -> Any:
    code, out, err = call(capsys, *args, command=command)
    assert (code, err) == (0, "")
    return json.loads(out)


def ids(form: str, found: Any) -> list[str]:
    """The cells that a document is about."""
    if form == "bake":
        return [found["target"][name]["description"] for name in found["group"]["default"]["targets"]]
    return [one["id"] for one in (found["include"] if form == "github" else found)]


def remember(places: Places, *cells: str) -> None:
    matrix = load_matrix(VERSIONS)
    proven(places, foresee(matrix, [cell for cell in matrix.cells if cell.id in cells], places).planned)


@pytest.mark.parametrize("form", WORK)
def test_only_what_plan_has_something_to_do_for(capsys: pytest.CaptureFixture[str], state: Places, form: str) -> None:
    remember(state, AMD64, "2.7-stretch-amd64", "2.7-stretch-arm64v8")
    cells = document(capsys, "--json", command="plan")["cells"]
    wanted = [cell["id"] for cell in cells if cell["action"] != "nothing"]
    assert len(wanted) == 41
    assert ids(form, document(capsys, "--format", form)) == wanted
    assert ids(form, document(capsys, "--format", form, "--all")) == [cell["id"] for cell in cells]
    assert ids(form, document(capsys, "--format", form, "3.7-alpine3.8")) == [ARM64]


@pytest.mark.parametrize("form", WORK)
def test_nothing_changed_is_a_document_too(capsys: pytest.CaptureFixture[str], state: Places, form: str) -> None:
    remember(state, AMD64)
    assert ids(form, document(capsys, "--format", form, AMD64)) == []


def test_what_is_to_be_published_has_changed(capsys: pytest.CaptureFixture[str], state: Places, tmp_path: Path) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("registry: localhost:5000\n")
    remember(state, AMD64, ARM64)
    assert document(capsys, "--format", "github", "3.7-alpine3.8")["include"] == []
    found = document(capsys, "--format", "github", "3.7-alpine3.8", "--config", str(config))
    assert [(one["id"], one["action"]) for one in found["include"]] == [(AMD64, "publish"), (ARM64, "publish")]


def test_json_and_text_show_all_unless_told(capsys: pytest.CaptureFixture[str], state: Places) -> None:
    remember(state, AMD64)
    assert document(capsys, "--format", "json") == document(capsys, "--json")
    assert len(document(capsys, "--json")) == 44
    assert [cell["id"] for cell in document(capsys, "--json", "--changed", "3.7-alpine3.8")] == [ARM64]
    code, out, _ = call(capsys, "--changed", "3.7-alpine3.8")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, [ARM64])
    code, out, err = call(capsys, "--changed", AMD64)
    assert (code, out) == (0, "")
    assert "nothing has changed" in err


def test_github_is_one_line_for_a_file_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "--format", "github")
    assert out.count("\n") == 1
    assert len(json.loads(out)["include"]) == 44
    images = document(capsys, "--format", "github", "--per", "image", "--runner", "arm64v8=graviton")["include"]
    assert len(images) == 22
    assert all(one["emulated"] for one in images)


def test_bake_takes_its_registry_from_the_config_or_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("registry: registry.example.org\nnamespace: team\n")
    words = ("--format", "bake", AMD64, "--config", str(config))
    targets = document(capsys, *words)["target"]
    assert "registry.example.org/amd64/python:3.7-alpine" in targets["3_7-alpine3_8-amd64"]["tags"]
    assert "registry.example.org/team/python:3.7-alpine" in targets["3_7-alpine3_8-index"]["tags"]
    other = document(capsys, *words, "--registry", "localhost:5000")["target"]
    assert "localhost:5000/team/python:3.7-alpine" in other["3_7-alpine3_8-index"]["tags"]


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--format", "text"),
        ("--per", "image"),
        ("--format", "bake", "--runner", "arm64v8=x"),
        ("--format", "github", "--runner", "arm64=x"),
        ("--format", "github", "--registry", "localhost:5000"),
        ("--format", "bake", "--registry", "Not A Registry"),
        ("--format", "xml"),
        ("--format", "github", "3.7-alpin3.8"),
    ],
)
def test_words_that_mean_nothing_are_a_usage_error(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("orchestrator: ")
    assert "mend: " in err


@pytest.mark.parametrize("form", WORK)
def test_a_damaged_ledger_is_an_error_of_the_environment(
    capsys: pytest.CaptureFixture[str], state: Places, form: str
) -> None:
    with open_ledger(state.ledger) as ledger:
        ledger.start_run("build")
    state.ledger.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    code, out, err = call(capsys, "--format", form)
    assert (code, out) == (4, "")
    assert str(state.ledger) in err
    assert call(capsys, "--json")[0] == 0


def test_formats_are_completed() -> None:
    shell = ShellComplete(cli, {}, "orchestrator", "_X")
    found = shell.get_completions(["list", "--format"], "j")
    assert [one.value for one in found] == ["json", "jenkins"]
