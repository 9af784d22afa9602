"""Which repository a description leads to, and by what name its keepers go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Matrix
from orchestrator.readme.home import home_of
from orchestrator.system.process import Command, Completed
from tests.unit.conftest import ROOT
from tests.unit.readme.pages import changed


class FakeGit:
    """A repository with this top and this remote; neither, where they are empty."""

    def __init__(self, *, top: Path | None = None, remote: str = "") -> None:
        self.answers = {"rev-parse": str(top) if top else "", "config": remote}
        self.asked: list[str] = []

    def __call__(self, command: Command) -> Completed:
        word = command.argv[3]
        self.asked.append(word)
        said = self.answers[word]
        return Completed(command=command, status=0 if said else 1, stdout=f"{said}\n".encode(), stderr=b"", seconds=0)


def with_hub(**hub: Any) -> Matrix:
    return changed(lambda document: document.update(hub=hub))


@pytest.mark.parametrize(
    ("hub", "address", "keepers"),
    [
        (
            {"repository": "https://github.com/docker-library/python.git", "maintainers": ["A B <a@b.c> (@ab)"]},
            "https://github.com/docker-library/python",
            "the Docker Community",
        ),
        (
            {"repository": "https://example.org/x", "maintainers": ["A B <a@b.c> (@ab)", "C_D* <c@b.c> (@c)"]},
            "https://example.org/x",
            "A B and C\\_D\\*",
        ),
        (
            {"repository": "https://example.org/x", "maintainers": [f"{one} <a@b.c> (@{one})" for one in "KLM"]},
            "https://example.org/x",
            "K, L and M",
        ),
        ({"repository": "https://example.org/some/where"}, "https://example.org/some/where", "some/where"),
        ({"repository": "https://example.org"}, "https://example.org", "https://example.org"),
    ],
)
def test_the_hub_says_it_and_git_is_not_asked(hub: dict[str, Any], address: str, keepers: str) -> None:
    git = FakeGit()
    home = home_of(with_hub(**hub), source="https://example.org/other", asked=False, runner=git)
    assert (home.address, home.keepers, home.official, home.directory) == (address, keepers, True, "")
    assert git.asked == []


def test_without_a_hub_the_settings_say_it_then_gits_remote(debian_matrix: Matrix) -> None:
    git = FakeGit(remote="git@example.org:a/b.git")
    told = home_of(debian_matrix, source="https://example.org/c/d.git", asked=False, runner=git)
    assert (told.address, told.keepers, told.official, git.asked) == ("https://example.org/c/d", "c/d", False, [])
    asked = home_of(debian_matrix, source=None, asked=False, runner=git)
    assert (asked.address, asked.keepers, asked.official) == ("https://example.org/a/b", "a/b", False)


def test_nobody_knowing_it_is_one_error_with_what_to_write(
    debian_matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidFileError, match=r"versions\.json: where the Dockerfiles are kept is not known") as found:
        home_of(debian_matrix, source=None, asked=False, runner=FakeGit())
    assert '"hub": {"repository": ' in found.value.mend
    monkeypatch.setenv("PATH", "/nowhere")  # no git at all
    with pytest.raises(InvalidFileError, match="is not known"):
        home_of(debian_matrix, source=None, asked=False, runner=FakeGit())


def test_paths_are_the_repositorys_where_git_tells_the_commits(matrix: Matrix, debian_matrix: Matrix) -> None:
    git = FakeGit(top=ROOT, remote="https://example.org/a/b")
    below = home_of(debian_matrix, source=None, asked=True, runner=git)
    assert below.directory == "examples/debian"
    assert (
        below.blob("c0ffee", "2.7/x/Dockerfile")
        == "https://example.org/a/b/blob/c0ffee/examples/debian/2.7/x/Dockerfile"
    )
    at_the_top = home_of(matrix, source=None, asked=True, runner=git)
    assert at_the_top.blob("c0ffee", "x") == "https://github.com/docker-library/python/blob/c0ffee/x"
