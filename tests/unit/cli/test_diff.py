"""`diff --with`: the command without git. With git it is tested in tests/integration/test_diff.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli.group import run
from tests.unit.compare import edits
from tests.unit.compare.edits import VERSIONS, text_of_edited


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.json"
    path.write_text(text_of_edited(edits.release))
    return path


def diff(*words: str) -> int:
    return run(["diff", "--matrix", str(VERSIONS), *words])


def test_two_files(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("--with", str(other)) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{VERSIONS} -> {other}: 3.7 from 3.7.2 to 3.7.3; ")
    assert "\x1b" not in out
    assert "note: the recipes of both files are made by today's rules and templates\n" in out


def test_the_document_is_all_of_it(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("--with", str(other), "--json", "--exit-code") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["before"], found["after"]) == (str(VERSIONS), str(other))
    assert (found["empty"], found["text_changed"]) == (False, True)
    assert len(found["cells"]["built_again"]) == 8
    assert len(found["cells"]["kept"]) == 36
    assert {
        "topic": "checksum",
        "kind": "changed",
        "subject": "source",
        "before": "d83fe8ce51b1bb48bbcf0550fd265b9a75cdfdfa93f916f9e700aef8444bf1bb",
        "after": "a" * 64,
        "where": ["3.7"],
    } in found["changes"]
    assert {
        "topic": "shared_tag",
        "kind": "removed",
        "subject": "3.7.2",
        "before": "3.7-stretch",
        "after": None,
        "where": [],
    } in found["changes"]


def test_beside_with_the_first_word_chooses(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("--with", str(other), "3.6-stretch", "--exit-code") == 0
    assert "no change of meaning (the text changed all the same)" in capsys.readouterr().out
    assert diff("--with", str(other), "3.6-stretch", "3.7-slim", "--format", "markdown") == 0
    assert "| 2 | built again | 3.7-slim-stretch |" in capsys.readouterr().out


def test_colours_only_where_they_are_wanted(
    other: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert diff("--with", str(other)) == 0
    assert "\x1b[32m  + 3.7-stretch: 3.7.3\x1b[0m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert diff("--with", str(other)) == 0
    assert "\x1b[3" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--with", "nowhere.json"], 3, "nowhere.json: this matrix does not exist"),
        (["--with", "OTHER", "--to", "HEAD"], 2, "--to and --with contradict each other"),
        (["--with", "OTHER", "--json", "--format", "text"], 2, "--json and --format contradict each other"),
        (["--with", "OTHER", "3.9-stretch"], 2, 'no cell or image "3.9-stretch"'),
    ],
)
def test_what_means_nothing_is_refused(
    other: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert diff(*(str(other) if word == "OTHER" else word for word in words)) == code
    assert said in capsys.readouterr().err
