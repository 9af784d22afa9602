"""`orchestrator library`, as its callers see it: the file, its JSON, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.group import run
from orchestrator.matrix.model import Matrix

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def commits(matrix: Matrix, tmp_path: Path) -> Path:
    file = tmp_path / "commits.json"
    file.write_text(json.dumps({image.directory: COMMIT for image in matrix.images}), encoding="utf-8")
    return file


@pytest.fixture
def library(commits: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str, matrix: Path = ROOT / "versions.json", told: bool = True) -> tuple[int, str, str]:
        code = run(("library", "--matrix", str(matrix), *(("--commits", str(commits)) if told else ()), *words))
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_json_says_what_the_text_says(library: Any, matrix: Matrix) -> None:
    code, out, _ = library("--json", "--builder")
    document = json.loads(out)
    assert code == 0
    assert matrix.hub is not None
    assert document["maintainers"] == list(matrix.hub.maintainers)
    assert document["git_repo"] == "https://github.com/docker-library/python.git"
    assert [entry["directory"] for entry in document["entries"]] == [image.directory for image in matrix.images]
    assert document["entries"][0] == {
        "tags": ["3.7.2-stretch", "3.7-stretch", "3-stretch", "stretch"],
        "shared_tags": ["3.7.2", "3.7", "3", "latest"],
        "architectures": ["amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "s390x"],
        "git_commit": COMMIT,
        "directory": "3.7/stretch",
        "builder": "buildkit",
    }


def test_what_it_writes_it_can_read(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "python"
    assert library("--output", str(file)) == (0, f"wrote {file}: 22 images\n", "")
    text = file.read_text(encoding="utf-8")
    assert library()[1] == text
    assert library("--parse", str(file), told=False)[:2] == (0, text)
    assert json.loads(library("--parse", str(file), "--json", told=False)[1]) == json.loads(library("--json")[1])
    assert library("--output", str(file))[1] == f"nothing to do for {file}: 22 images\n"
    assert library("--output", str(file), "--check") == (0, "", "")
    assert library("--compare", str(file)) == (0, "", "")
    assert json.loads(library("--compare", str(file), "--json")[1])["same"] is True


def test_what_is_stale_is_told_and_left(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "python"
    code, out, err = library("--output", str(file), "--check")
    assert (code, file.exists()) == (3, False)
    assert out.startswith("--- /dev/null\n")
    assert "is missing" in err
    library("--output", str(file))
    old = (
        file.read_text(encoding="utf-8")
        .replace("3-stretch, stretch", "3-stretch")
        .replace("3.4-slim\n", "3.4-slim, slimmest\n")
    )
    file.write_text(old, encoding="utf-8")
    code, out, err = library("--output", str(file), "--check")
    assert (code, file.read_text(encoding="utf-8")) == (3, old)
    assert "\n+Tags: 3.7.2-stretch, 3.7-stretch, 3-stretch, stretch\n" in out
    assert "is stale\n  mend: run the same without --check" in err
    document = json.loads(library("--output", str(file), "--check", "--json")[1])
    assert (document["stale"], len(document["entries"])) == (True, 22)
    code, out, err = library("--compare", str(file))
    assert (code, out) == (3, "+ stretch: 3.7/stretch\n- slimmest: 3.4/stretch/slim\n")
    assert "1 tags to add, 1 to remove, 0 to move, 0 fields to change" in err


def test_a_directory_gets_a_file_named_like_the_images(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "new" / "python"
    assert library("--output", f"{tmp_path / 'new'}/")[1] == f"wrote {file}: 22 images\n"
    assert library("--output", str(tmp_path / "new"))[1] == f"nothing to do for {file}: 22 images\n"


def test_where_it_cannot_be_written_is_the_machines_fault(library: Any) -> None:
    code, out, err = library("--output", "/proc/nowhere/python")
    assert (code, out) == (4, "")
    assert "cannot be written" in err
    code, out, err = library("--output", "/dev/full")
    assert (code, out) == (2, "")
    assert "is no regular file" in err


def test_an_architecture_needs_commits_of_its_own_images_only(library: Any, commits: Path) -> None:
    told = json.loads(commits.read_text(encoding="utf-8"))
    commits.write_text(json.dumps({key: told[key] for key in told if "alpine" not in key}), encoding="utf-8")
    code, out, err = library("--arch", "arm32v5")
    assert (code, err) == (0, "")
    assert out.count("Architectures: arm32v5\n") == 10
    assert library()[0] == 3


def test_one_architecture_is_compared_with_the_same_of_a_file(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "python"
    library("--output", str(file))
    assert library("--compare", str(file), "--arch", "s390x")[0] == 0
    library("--output", str(file), "--arch", "s390x")
    assert library("--compare", str(file), "--arch", "s390x")[0] == 0
    assert library("--compare", str(file))[0] == 3
    assert library("--arch", "s390")[::2] == (
        2,
        'orchestrator: no image has the architecture "s390"\n  mend: did you mean "s390x"?\n',
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--check",), "--check has nothing to look at"),
        (("--parse", "x", "--compare", "y"), "--parse only reads a file"),
        (("--parse", "x", "--builder"), "--parse only reads a file"),
        (("--parse", "x", "--check"), "--parse only reads a file"),
        (("--compare", "x", "--output", "y"), "--compare writes nothing"),
        (("--maintainer", "somebody"), '"somebody" cannot be --maintainer'),
        (("--builder", "podman"), "'podman' is not one of"),
    ],
)
def test_words_that_mean_nothing_together(library: Any, words: tuple[str, ...], message: str) -> None:
    code, out, err = library(*words, told="--parse" not in words)
    assert (code, out) == (2, "")
    assert message in err


def test_a_file_that_cannot_be_read(library: Any, tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_text("Maintainers: A (@a)\nTags: 1\n", encoding="utf-8")
    code, _, err = library("--parse", str(file), told=False)
    assert code == 3
    assert f"{file}:2: the first paragraph is for all entries" in err
    assert library("--compare", str(tmp_path / "none"))[0] == 3


def test_a_matrix_without_a_hub_is_told_from_outside(
    library: Any, tmp_path: Path, debian_matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    commits, config = tmp_path / "others.json", tmp_path / "orchestrator.yaml"
    commits.write_text(json.dumps({image.directory: COMMIT for image in debian_matrix.images}), encoding="utf-8")
    config.write_text("source: https://example.org/mine\n", encoding="utf-8")
    words: tuple[str, ...] = ("--commits", str(commits))
    code, _, err = library(*words, matrix=debian_matrix.path, told=False)
    assert code == 3
    assert "does not say who maintains the images" in err
    assert 'add "hub": {"repository": ' in err, "there is no hub yet that maintainers could be added to"
    words = (*words, "--maintainer", "Ada One (@ada)")
    code, _, err = library(*words, matrix=debian_matrix.path, told=False)
    assert code == 3
    assert "hub" in err
    code, out, _ = library(*words, "--config", str(config), "--json", matrix=debian_matrix.path, told=False)
    document = json.loads(out)
    assert (code, document["git_repo"], document["maintainers"]) == (
        0,
        "https://example.org/mine.git",
        ["Ada One (@ada)"],
    )
