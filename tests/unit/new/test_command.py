from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import orchestrator.cli.adding
from orchestrator.cli.group import run
from orchestrator.cli.options import Common
from orchestrator.new.draft import Draft
from tests.unit.conftest import ROOT
from tests.unit.new.fakes import SHA256, Scripted

LINE = ("line", "3.8", "--release", "3.8.20", "--sha256", SHA256, "--no-fetch")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    shutil.copy(ROOT / "versions.json", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert run(["render"]) == 0
    capsys.readouterr()
    return tmp_path


def before(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_a_line_is_written_rendered_and_shown(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = before(tree)
    assert run(["new", *LINE, "--yes"]) == 0
    out = capsys.readouterr().out
    for said in (
        "3.8 creates 4 images, 8 cells",
        "3.7-stretch -> 3.8-stretch: ",
        "3.8/stretch/slim/Dockerfile",
        "_posixshmem: line >=3.8",
        "the tarball was not fetched",
        "orchestrator build --version 3.8 --arch amd64",
    ):
        assert said in out
    new = before(tree)
    assert set(new) - set(old) == {
        "3.8/stretch/Dockerfile", "3.8/stretch/slim/Dockerfile", "3.8/alpine3.8/Dockerfile", "3.8/alpine3.7/Dockerfile",
    }  # fmt: skip
    assert {name for name in old if old[name] != new[name]} == {"versions.json"}
    slim = new["3.8/stretch/slim/Dockerfile"].decode()
    assert "ln -s python3-config /usr/local/bin/python-config" in slim
    assert f"--checksum=sha256:{SHA256} https://www.python.org/ftp/python/3.8.20/Python-3.8.20.tar.xz" in slim
    assert run(["render", "--check"]) == 0


@pytest.mark.parametrize("words", [LINE, ("suite", "buster"), ("alpine", "3.9")])
def test_a_dry_run_writes_nothing(tree: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    old = before(tree)
    assert run(["new", *words, "--yes", "--dry-run"]) == 0
    assert "nothing is written" in capsys.readouterr().out
    assert before(tree) == old


def test_the_document(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "new", "alpine", "3.9", "--yes", "--drop", "3.6", "--show"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["title"] == "Alpine 3.9"
    assert found["answers"] == {
        "base": "alpine:3.9",
        "architectures": "amd64,arm32v6,arm64v8,i386,ppc64le,s390x",
        "lines": "3.7,3.6,3.5,3.4,2.7",
        "default": "yes",
        "drop": "3.6",
    }
    assert len(found["images"]) == 5
    assert len(found["cells"]) == 10
    assert {"tag": "3.7-alpine", "from": "3.7-alpine3.8", "to": "3.7-alpine3.9"} in found["tags"]["moved"]
    assert {"tag": "3.6-alpine3.6", "from": "3.6-alpine3.6"} in found["tags"]["vanished"]
    assert "3.5-alpine3.9" in found["tags"]["added"]
    assert found["left"] == ["3.6/alpine3.6/Dockerfile", "2.7/alpine3.6/Dockerfile"]
    assert found["written"][0] == "versions.json"
    assert (tree / found["written"][1]).read_text() == found["dockerfiles"][found["written"][1]]
    stops = [one for one in found["rules"] if one["bearing"] == "stops"]
    assert {one["name"] for one in stops} == {"libressl-dev", "openssl-dev"}
    assert found["next"][0] == "git rm 3.6/alpine3.6/Dockerfile 2.7/alpine3.6/Dockerfile"


def test_only_the_matrix(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new", "suite", "zurg", "--yes", "--no-render"]) == 0
    out = capsys.readouterr().out
    assert "not rendered:" in out
    assert "  orchestrator render\n" in out
    assert "nobody has looked whether zurg" in out
    assert not (tree / "3.7" / "zurg").exists()
    assert run(["render", "--check"]) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("line", "3.7"), "is in the matrix already"),
        (("suite", "stretch"), "is in the matrix already"),
        (("suite", "buster"), "stands for: --full buildpack-deps:buster --slim debian:buster-slim"),
        (("alpine", "3.9"), "--default --drop none"),
        (("line", "3.8", "--no-fetch"), "--no-fetch needs --sha256"),
        (("line", "3.8", "--sha256", "abc", "--yes"), "not a sha256"),
        (("line", "3.8", "--sha256", SHA256, "--yes"), "give --release, too"),
        (("line", "3.8", "--extra", "virtualenv", "--yes"), "has no version"),
        (("suite", "buster", "--yes", "--lines", "3.9"), 'no line "3.9"'),
        (("suite", "buster", "--yes", "--commit", "--no-render"), "exclude each other"),
        (("lines", "3.8"), "line"),
    ],
)
def test_what_cannot_be(tree: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    old = before(tree)
    assert run(["new", *words]) == 2
    assert said in capsys.readouterr().err
    assert before(tree) == old


def test_somebody_is_asked_and_has_the_last_word(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    person = Scripted({"lines": ["3.9", "3.7"]}, agrees=False)

    def there(told: Common) -> Scripted:  # noqa: ARG001 - its signature
        return person

    monkeypatch.setattr(orchestrator.cli.adding, "_person", there)
    old = before(tree)
    assert run(["new", "suite", "buster", "--no-archived"]) == 0
    told = capsys.readouterr()
    assert [one.option for one in person.asked] == ["full", "slim", "architectures", "lines", "lines", "default"]
    assert person.refusals == ['there is no line "3.9" here']
    assert "buster would create 2 images, 4 cells" in told.out
    assert "--no-archived --lines 3.7 --no-default" in told.err
    assert before(tree) == old
    person.agrees = True
    assert run(["new", "suite", "buster", "--no-archived", "--lines", "3.7"]) == 0
    assert (tree / "3.7" / "buster" / "Dockerfile").exists()


def test_a_file_that_changed_meanwhile_is_left_alone(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Editor(Scripted):
        def agreed(self, text: str) -> bool:
            path = tree / "versions.json"
            path.write_text(path.read_text().replace('"3.7.2"', '"3.7.3"'))
            return super().agreed(text)

    monkeypatch.setattr(orchestrator.cli.adding, "_person", lambda _: Editor())
    assert run(["new", "suite", "buster"]) == 2
    assert "was changed while" in capsys.readouterr().err
    assert "buster" not in (tree / "versions.json").read_text()
    assert not (tree / "3.7" / "buster").exists()


def test_rules_that_do_not_fit_are_told_before_anything_is_written(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "dockerfile-templates").mkdir()
    (tree / "dockerfile-templates" / "slim.Dockerfile.j2").write_text("{{ nothing }}")
    old = before(tree)
    assert run(["new", "suite", "buster", "--yes"]) == 3
    assert "slim.Dockerfile.j2" in capsys.readouterr().err
    assert before(tree) == old


def test_line_ends_of_the_file_stay(tree: Path) -> None:
    path = tree / "versions.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(["new", "alpine", "3.9", "--yes"]) == 0
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")
    assert Draft(path.read_text(), path).matrix.default_alpine == "alpine3.9"
