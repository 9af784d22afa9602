"""Commits of Dockerfiles: from a file that is read strictly, or from git with whatever it cannot say told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.commits import commits_for, is_commit
from orchestrator.errors import EnvironmentFailedError, InvalidFileError
from orchestrator.matrix.model import Matrix
from tests.unit.engine.fakes import FakeRunner

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def told(matrix: Matrix, tmp_path: Path, content: object) -> Mapping[str, str]:
    file = tmp_path / "commits.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return commits_for(matrix, matrix.images, file=file, runner=FakeRunner({}))


def whole(matrix: Matrix) -> dict[str, str]:
    return {image.directory: f"{number:040x}" for number, image in enumerate(matrix.images)}


def test_a_file_says_it_and_may_say_more(matrix: Matrix, tmp_path: Path) -> None:
    commits = whole(matrix)
    assert told(matrix, tmp_path, {"9.9/sid": "f" * 64, **commits}) == commits
    assert list(told(matrix, tmp_path, dict(reversed(commits.items())))) == list(commits), "in the images' order"


def test_only_what_is_asked_for_has_to_be_there(matrix: Matrix, tmp_path: Path) -> None:
    file = tmp_path / "commits.json"
    file.write_text(json.dumps({"3.7/stretch": COMMIT}), encoding="utf-8")
    assert commits_for(matrix, matrix.images[:1], file=file) == {"3.7/stretch": COMMIT}


@pytest.mark.parametrize(
    ("content", "message", "mend"),
    [
        ("[]", "not a JSON object", "3.7/stretch"),
        ("{", "commits.json:1:2: not valid JSON", "syntax"),
        (f'{{"a": "{COMMIT}",\n"a": "{COMMIT}"}}', 'commits.json:2: the key "a" stands twice', "keep one"),
        ({"3.7/stretch": COMMIT[:39]}, "not a whole commit id", "git log -1 --format=%H -- 3.7/stretch/Dockerfile"),
        ({"3.7/stretch": COMMIT.upper()}, "not a whole commit id", "git log"),
        ({"3.7/stretch": None}, "null is not a whole commit id", "git log"),
        ({"3.7/stretch": [COMMIT]}, "not a whole commit id", "git log"),
        ({"elsewhere": "master"}, '"master" is not a whole commit id', "elsewhere/Dockerfile"),
        ({"\x1b[31m": "x"}, '["\\u001b[31m"]: "x" is not a whole', "-- \\u001b[31m/Dockerfile"),
        ({}, 'there is no commit for "3.7/stretch" (and 21 more)', 'add "3.7/stretch"'),
    ],
)
def test_a_file_that_does_not_fit(matrix: Matrix, tmp_path: Path, content: object, message: str, mend: str) -> None:
    with pytest.raises(InvalidFileError) as found:
        told(matrix, tmp_path, content)
    assert message in found.value.message
    assert mend in found.value.mend


def test_a_misspelt_directory_is_found(matrix: Matrix, tmp_path: Path) -> None:
    commits = whole(matrix)
    commits["3.7/stretch/slin"] = commits.pop("3.7/stretch/slim")
    with pytest.raises(InvalidFileError, match=r'no commit for "3\.7/stretch/slim"') as found:
        told(matrix, tmp_path, commits)
    assert found.value.mend == 'rename the key "3.7/stretch/slin", which is no directory here'


def test_a_file_that_is_not_there(matrix: Matrix, tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="file of commits does not exist"):
        commits_for(matrix, matrix.images, file=tmp_path / "none.json")


class World:
    """A repository that answers: what `status` and `log` say, and what it is not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, matrix: Matrix, *, git: bool = True, **more: object) -> None:
        monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/git" if git else None)
        self.matrix = matrix
        committed = "".join(
            f"{image.directory}/Dockerfile\0" for image in matrix.images if image.id != more.get("never")
        )
        self.runner = FakeRunner(
            {
                "--show-toplevel": more.get("top", f"{matrix.root}\n"),  # type: ignore[dict-item]
                "--is-shallow-repository": "true\n" if more.get("shallow") else "false\n",
                "--verify --quiet HEAD": f"{COMMIT}\n",
                "rev-list": more.get("past", ""),  # type: ignore[dict-item]
                "log -z": f"\0{COMMIT}\0\n{committed}",
                "status": str(more.get("status", "")),
            }
        )
        self.warnings: list[str] = []

    def ask(self) -> Mapping[str, str]:
        images = self.matrix.images
        return commits_for(self.matrix, images, file=None, runner=self.runner, warn=self.warnings.append)


def test_git_says_it(monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> None:
    world = World(monkeypatch, matrix)
    assert world.ask() == {image.directory: COMMIT for image in matrix.images}
    assert world.warnings == []
    assert len(world.runner.lines) <= 7, "however many images there are"


def test_what_is_changed_on_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> None:
    world = World(monkeypatch, matrix, status=" M 3.7/stretch/Dockerfile\0 M 3.6/stretch/Dockerfile\0")
    assert world.ask()["3.7/stretch"] == COMMIT
    (warning,) = world.warnings
    assert "3.7/stretch/Dockerfile, 3.6/stretch/Dockerfile" in warning


def test_what_was_never_committed_has_no_commit(monkeypatch: pytest.MonkeyPatch, matrix: Matrix) -> None:
    with pytest.raises(InvalidFileError, match=r"3\.6/stretch/Dockerfile was never committed\n") as found:
        World(monkeypatch, matrix, never="3.6-stretch").ask()
    assert found.value.mend.startswith("commit, or give --commits FILE")


@pytest.mark.parametrize(
    ("more", "message", "mend"),
    [
        ({"git": False}, "there is no git here", "install git; or give --commits FILE"),
        ({"top": (128, "fatal: not a git repository")}, "is not in a git repository", "or give --commits FILE"),
        (
            {"past": (128, "fatal: bad object HEAD")},
            "git rev-list failed: fatal: bad object HEAD",
            "or give --commits FILE",
        ),
        ({"shallow": True}, "is a shallow clone", "git fetch --unshallow; or give --commits FILE"),
    ],
)
def test_git_that_cannot_say_it(
    monkeypatch: pytest.MonkeyPatch, matrix: Matrix, more: dict[str, bool], message: str, mend: str
) -> None:
    with pytest.raises(EnvironmentFailedError) as found:
        World(monkeypatch, matrix, **more).ask()
    assert message in found.value.message
    assert mend in found.value.mend


def test_commits_are_whole() -> None:
    assert is_commit(COMMIT)
    assert is_commit("a" * 64)
    assert not any(map(is_commit, ("", "a" * 41, "g" * 40, "A" * 40, COMMIT + "\n")))
