from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.cli.group import COMMANDS, LazyGroup, cli, hoisted, run
from tests.unit.conftest import ROOT

VERSIONS = str(ROOT / "versions.json")


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(args)
    out, err = capsys.readouterr()
    return code, out, err


def test_every_command_can_be_imported_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(cli, LazyGroup)
    for name in COMMANDS:
        code, out, _ = call(capsys, name, "--help")
        assert code == 0
        assert "--help" in out


def test_options_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    after = call(capsys, "list", "--matrix", VERSIONS, "--json", "--version", "3.7")
    assert call(capsys, "--matrix", VERSIONS, "--json", "--version", "3.7", "list") == after
    assert call(capsys, f"--matrix={VERSIONS}", "--json", "list", "--version=3.7") == after
    assert after[0] == 0
    assert hoisted(["--json"]) == ["--json"]


def test_list_json_is_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "list", "--matrix", VERSIONS, "--json")
    cells = json.loads(out)
    assert (code, err) == (0, "")
    assert len(cells) == 44
    assert cells[3] == {
        "id": "3.7-slim-stretch-arm64v8",
        "line": "3.7",
        "release": "3.7.2",
        "variant": "slim-stretch",
        "arch": "arm64v8",
        "platform": "linux/arm64/v8",
        "directory": "3.7/stretch/slim",
        "from": "debian:stretch-slim",
        "tags": [
            "3.7.2-slim-stretch",
            "3.7-slim-stretch",
            "3-slim-stretch",
            "slim-stretch",
            "3.7.2-slim",
            "3.7-slim",
            "3-slim",
            "slim",
        ],
        "shared_tags": [],
    }


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--version", "3.7", "--variant", "slim", "--arch", "arm64v8"], ["3.7-slim-stretch-arm64v8"]),
        (["--version", "3.7.2", "--variant", "stretch/slim", "--arch", "amd*"], ["3.7-slim-stretch-amd64"]),
        (["3.5/alpine3.8"], ["3.5-alpine3.8-amd64", "3.5-alpine3.8-arm64v8"]),
        (["3.5-alpine-arm64v8"], ["3.5-alpine3.8-arm64v8"]),
        (["--variant", "alpine3.6", "--arch", "amd64"], ["3.6-alpine3.6-amd64", "2.7-alpine3.6-amd64"]),
    ],
)
def test_selection(capsys: pytest.CaptureFixture[str], words: list[str], ids: list[str]) -> None:
    code, out, _ = call(capsys, "list", "--matrix", VERSIONS, "--json", *words)
    assert code == 0
    assert [cell["id"] for cell in json.loads(out)] == ids


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "--version", "3.9"], 'there is no version "3.9"'),
        (["list", "--variant", "alpine3.5"], 'did you mean "alpine3.8"?'),
        (["list", "--arch", "arm64"], 'did you mean "arm64v8"?'),
        (["list", "3.7-slm-stretch"], 'did you mean "3.7-slim-stretch"?'),
        (["list", "--version", "3.4", "--variant", "alpine3.6"], "nothing in the matrix matches"),
        (["explain", "3.8-stretch"], 'there is no image "3.8-stretch"'),
        (["explain"], "Missing argument"),
        (["lst"], 'did you mean "list"?'),
        (["list", "--nonsense"], "No such option"),
    ],
)
def test_usage_errors_exit_2_and_say_what_to_type(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with_matrix = [*words, "--matrix", VERSIONS] if words[0] in COMMANDS else words
    code, out, err = call(capsys, *with_matrix)
    assert (code, out) == (2, "")
    assert said in err
    assert "mend: " in err
    assert "Traceback" not in err


def test_render_writes_checks_and_reports(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    matrix = tmp_path / "versions.json"
    shutil.copy(VERSIONS, matrix)
    options = ("--matrix", str(matrix))
    code, _, err = call(capsys, "render", "--check", *options)
    assert code == 3
    assert "22 of 22" in err
    assert call(capsys, "render", *options)[0] == 0
    assert call(capsys, "render", "--check", *options) == (0, "", "")
    stale = tmp_path / "3.7" / "stretch" / "Dockerfile"
    stale.write_text(stale.read_text().replace("tk-dev", "tk"))
    code, out, _ = call(capsys, "render", "--check", *options)
    assert code == 3
    assert "-\t\ttk \\" in out
    assert "+\t\ttk-dev \\" in out
    code, out, _ = call(capsys, "render", "--json", *options)
    assert json.loads(out)["written"] == ["3.7/stretch/Dockerfile"]
    orphan = tmp_path / "3.3" / "stretch" / "Dockerfile"
    orphan.parent.mkdir(parents=True)
    orphan.write_text(stale.read_text())
    code, _, err = call(capsys, "render", "--check", *options)
    assert code == 3
    assert "3.3/stretch/Dockerfile belongs to no image" in err


def test_an_invalid_matrix_exits_3_from_every_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    path.write_text("{")
    for words in (["list"], ["render"], ["plan"], ["lint"], ["build"], ["status"], ["explain", "3.7-stretch"]):
        code, out, err = call(capsys, *words, "--matrix", str(path))
        assert (code, out) == (3, "")
        assert f"{path}:1:2" in err


def test_plan_of_a_new_machine_builds_everything(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    code, out, _ = call(capsys, "plan", "--matrix", VERSIONS, "--json")
    document = json.loads(out)
    assert code == 0
    assert {cell["action"] for cell in document["cells"]} == {"build"}
    assert all(cell["reason"].startswith("new") for cell in document["cells"])
    assert len(document["publish"]) == 22
    assert not any(tmp_path.iterdir())
