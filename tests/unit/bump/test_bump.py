"""The command, with fakes in the place of what is outside."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bump import opening
from orchestrator.bump.index import Index
from orchestrator.bump.proposing import Proposer
from orchestrator.cli.group import run
from orchestrator.errors import VerificationError
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Silent
from tests.unit.bump.fakes import FakePip, FakeReleases, FakeStock, Wheel, sha256_of, unreachable
from tests.unit.conftest import ROOT

PIP = {
    "pip": {"18.1": Wheel(), "19.0.3": Wheel(pythons=">=3.5")},
    "setuptools": {"40.6.3": Wheel()},
    "wheel": {"0.32.3": Wheel()},
    "virtualenv": {"16.2.0": Wheel()},
}
Outside = Callable[[FakeReleases], None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "versions.json", tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "config.yaml").write_text(f"inputs: {tmp_path / 'files'}\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run(["render", "--matrix", str(tmp_path / "versions.json")]) == 0
    return tmp_path


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Have the command find these releases, and a few wheels."""

    def stand_in(releases: FakeReleases) -> None:
        def open_proposer(*_: Any, **__: Any) -> Proposer:
            return Proposer(
                releases=releases,
                index=Index(runner=FakePip(PIP), python="python"),
                stock=FakeStock(),
                progress=Silent(),
                cancellation=Cancellation(),
            )

        monkeypatch.setattr(opening, "open_proposer", open_proposer)

    return stand_in


def bump(tree: Path, *words: str) -> int:
    return run(["bump", *words, "--matrix", str(tree / "versions.json"), "--config", str(tree / "config.yaml")])


def test_all_lines_are_brought_to_the_newest(tree: Path, outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    outside(FakeReleases({"3.7": "3.7.3", "2.7": "2.7.16"}))
    capsys.readouterr()
    assert bump(tree) == 0
    out = capsys.readouterr().out
    for said in (
        "+ENV PYTHON_VERSION=3.7.3",
        "3.7.3-stretch",
        "updated 3.7 from 3.7.2 to 3.7.3, pip from 18.1 to 19.0.3",
        "signed 2019-03-25 20:00 UTC by 0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
        "newest seen: listing 2.7.16, tags unknown",
        "note: 2.7 has been at its end since 2020-01-01; 2.7.18 is its last release",
        "updated 3.6 pip from 18.1 to 19.0.3",
        "3.4: nothing newer",
    ):
        assert said in out
    lines = json.loads((tree / "versions.json").read_text())["lines"]
    assert [line["release"] for line in lines.values()] == ["3.7.3", "3.6.8", "3.5.6", "3.4.9", "2.7.16"]
    assert run(["render", "--check", "--matrix", str(tree / "versions.json")]) == 0
    assert bump(tree) == 0
    assert "updated" not in capsys.readouterr().out


def test_a_dry_run_shows_all_of_it_and_writes_nothing(
    tree: Path, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    outside(FakeReleases({"3.7": "3.7.3"}))
    before = (tree / "versions.json").read_bytes()
    capsys.readouterr()
    assert bump(tree, "3.7", "--dry-run", "--only", "release", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (tree / "versions.json").read_bytes() == before
    assert (document["written"], document["commits"], document["branch"]) == ([], [], None)
    assert "+ENV PYTHON_VERSION=3.7.3" in document["diff"]
    (line,) = document["lines"]
    assert line == {
        "line": "3.7",
        "from": "3.7.2",
        "to": "3.7.3",
        "source": {
            "origin": "https://example.org/3.7.3/Python-3.7.3.tar.xz",
            "format": "tar.xz",
            "sha256": sha256_of("3.7.3"),
            "pool": None,
            "signature": {
                "fingerprint": "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
                "made": "2019-03-25T20:00:00+00:00",
                "note": "",
            },
        },
        "wheels": [],
        "seen": {"listing": "3.7.3", "tags": ""},
        "end_of_life": {
            "date": "2023-06-27",
            "planned": False,
            "over": True,
            "last": "3.7.17",
            "link": "https://peps.python.org/pep-0537/",
        },
        "notes": [],
        "error": None,
    }


def test_one_line_that_fails_holds_back_all(tree: Path, outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = VerificationError("the signature is wrong", mend="do not use it")
    outside(FakeReleases({"3.7": "3.7.3", "3.6": unreachable(), "3.5": unreachable()}))
    before = (tree / "versions.json").read_bytes()
    capsys.readouterr()
    assert bump(tree) == 5
    err = capsys.readouterr().err
    assert "orchestrator: 3.6: the site does not answer" in err
    assert "orchestrator: 3.5: the site does not answer" in err
    assert "nothing is written; --partial writes the others" in err
    outside(FakeReleases({"3.7": "3.7.3", "3.6": unreachable(), "3.5": wrong}))
    assert bump(tree, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [line["error"] and line["error"]["code"] for line in document["lines"]] == [None, 5, 6, None, None]
    assert (tree / "versions.json").read_bytes() == before

    assert bump(tree, "--partial", "--only", "release") == 1
    lines = json.loads((tree / "versions.json").read_text())["lines"]
    assert [line["release"] for line in lines.values()] == ["3.7.3", "3.6.8", "3.5.6", "3.4.9", "2.7.15"]


def test_check_only_looks(tree: Path, outside: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    outside(FakeReleases({"3.7": "3.7.3"}))
    before = (tree / "versions.json").read_bytes()
    capsys.readouterr()
    assert bump(tree, "--check") == 1
    header, row, *rest = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert header[:4] == ["line", "here", "newest", "pip"]
    assert row[:6] == ["3.7", "3.7.2", "3.7.3", "18.1", "->", "19.0.3"]
    assert ["3.4", "3.4.9", "-", "18.1"] in [words[:4] for words in rest]
    assert bump(tree, "--check", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["newer"] is True
    assert [(line["line"], line["to"], line["newer"]) for line in document["lines"]] == [
        ("3.7", "3.7.3", True), ("3.6", None, True), ("3.5", None, True), ("3.4", None, False), ("2.7", None, False),
    ]  # fmt: skip
    assert bump(tree, "--check", "3.4") == 0
    outside(FakeReleases({"3.7": "3.7.3", "3.4": unreachable()}))
    assert bump(tree, "--check") == 5
    assert (tree / "versions.json").read_bytes() == before


def test_a_checksum_in_place_of_a_signature(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = b"the tarball of 3.7.3"
    (tree / "files" / "Python-3.7.3.tar.xz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    before = (tree / "versions.json").read_text()
    capsys.readouterr()
    assert bump(tree, "3.7", "--to", "3.7.3", "--sha256", digest, "--dry-run") == 0
    assert (tree / "versions.json").read_text() == before
    assert bump(tree, "3.7", "--to", "3.7.3", "--sha256", digest) == 0
    out = capsys.readouterr().out
    assert "+ENV PYTHON_VERSION=3.7.3" in out
    assert "no signature was checked" in out
    after = (tree / "versions.json").read_text()
    changed = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert len(changed) == 2
    assert json.loads(after)["lines"]["3.7"]["release"] == "3.7.3"
    assert run(["render", "--check", "--matrix", str(tree / "versions.json")]) == 0
    assert digest in (tree / "3.7" / "alpine3.8" / "Dockerfile").read_text()
    assert bump(tree, "3.7", "--to", "3.7.3", "--sha256", digest) == 0
    assert "3.7: nothing newer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["3.7", "--to", "3.7.3", "--sha256", "0" * 64], 6, "Python-3.7.3.tar.xz"),
        (["3.7", "--to", "3.7.3", "--sha256", "xyz"], 2, "not a sha256"),
        (["3.8", "--to", "3.8.1", "--sha256", "0" * 64], 2, 'no line "3.8"'),
        (["3.7", "--to", "3.6.9", "--sha256", "0" * 64], 2, "not a release of 3.7"),
        (["3.7", "--to", "3.7.3; id", "--sha256", "0" * 64], 2, "not a release"),
        (["--to", "3.7.3"], 2, "--to is about one line"),
        (["--sha256", "0" * 64], 2, "--sha256 is about one line"),
        (["--check", "3.7", "--to", "3.7.3"], 2, "--to says nothing to it"),
        (["--check", "--commit"], 2, "--commit says nothing to it"),
        (["--push"], 2, "--push is about a branch"),
        (["3.7", "--to", "3.7.3", "--only", "wheel"], 2, "--to is about the release, and --only wheel is not"),
        (["3.7", "--sha256", "0" * 64, "--only", "pip"], 2, "--sha256 is about the release"),
        (["--offline", ".", "--tags-url", "x"], 2, "--offline asks nobody else"),
        (["--only", "everything"], 2, "everything"),
    ],
)
def test_whatever_does_not_verify_writes_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    (tree / "files" / "Python-3.7.3.tar.xz").write_bytes(b"something else")
    before = (tree / "versions.json").read_bytes()
    capsys.readouterr()
    assert bump(tree, *words) == code
    assert said in capsys.readouterr().err
    assert (tree / "versions.json").read_bytes() == before
