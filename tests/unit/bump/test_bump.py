from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from orchestrator.cli.group import run
from tests.unit.conftest import ROOT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "versions.json", tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "config.yaml").write_text(f"inputs: {tmp_path / 'files'}\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run(["render", "--matrix", str(tmp_path / "versions.json")]) == 0
    return tmp_path


def bump(tree: Path, *words: str) -> int:
    return run(["bump", *words, "--matrix", str(tree / "versions.json"), "--config", str(tree / "config.yaml")])


def test_a_verified_release_is_written_and_rendered(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    after = (tree / "versions.json").read_text()
    changed = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert len(changed) == 2
    assert json.loads(after)["lines"]["3.7"]["release"] == "3.7.3"
    assert run(["render", "--check", "--matrix", str(tree / "versions.json")]) == 0
    assert digest in (tree / "3.7" / "alpine3.8" / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["3.7", "--to", "3.7.3", "--sha256", "0" * 64], 6, "Python-3.7.3.tar.xz"),
        (["3.7", "--to", "3.7.3", "--sha256", "xyz"], 2, "not a sha256"),
        (["3.8", "--to", "3.8.1", "--sha256", "0" * 64], 2, 'no line "3.8"'),
        (["3.7", "--to", "3.7.2", "--sha256", "0" * 64], 2, "already"),
        (["3.7", "--to", "3.6.9", "--sha256", "0" * 64], 3, "not a release of 3.7"),
        (["3.7", "--to", "3.7.3; id", "--sha256", "0" * 64], 3, "not allowed"),
        (["3.7"], 2, "Missing option"),
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
