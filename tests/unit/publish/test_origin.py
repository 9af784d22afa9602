"""Where a recipe comes from: as far as git knows, and never with a name or a password in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.publish.origin import origin_of, web_address
from orchestrator.system.process import Command, Completed

COMMIT = "ab8b829cfefdb460ebc17e570332f0479039e918"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://user:s3cret@example.org:8443/python.git", "https://example.org:8443/python"),
        ("https://s3cret@example.org/python", "https://example.org/python"),
        ("git@example.org:team/python.git", "https://example.org/team/python"),
        ("ssh://git:s3cret@example.org:22/team/python.git", "https://example.org/team/python"),
        ("https://example.org/python?token=s3cret#s3cret", "https://example.org/python"),
        ("/srv/git/python.git", ""),
        ("file:///srv/git/python.git", ""),
        ("", ""),
        ("?", ""),
    ],
)
def test_a_remote_is_an_address_for_people(remote: str, address: str) -> None:
    assert web_address(remote) == address


class Git:
    """Answers as git does."""

    def __init__(self, *, status: str = "", remote: str = "git@example.org:python.git", ok: bool = True) -> None:
        log = f"\0{COMMIT}\0\n3.7/stretch/Dockerfile\0"
        self.answers = {"rev-parse": "/x", "status": status, "rev-list": "", "log": log, "config": remote}
        self.ok = ok
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, command: Command) -> Completed:
        assert command.argv[1] == "-C"
        self.asked.append(command.argv[3:])
        word = next(one for one in command.argv[3:] if one in self.answers)
        said = self.answers[word].encode()
        end = b"" if word in {"status", "log"} else b"\n"
        return Completed(command=command, status=0 if self.ok else 128, stdout=said + end, stderr=b"", seconds=0.0)


def test_a_committed_recipe_has_its_commit(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/git")
    image, git = matrix.images[0], Git()
    found = origin_of(Path("/x"), image, runner=git)
    assert (found.source, found.revision, found.version) == ("https://example.org/python", COMMIT, "3.7.2")
    assert any("log" in asked and asked[-2:] == ("--", "3.7/stretch/Dockerfile") for asked in git.asked)
    named = origin_of(Path("/x"), image, source="https://example.org/other", runner=git)
    assert named.source == "https://example.org/other"


@pytest.mark.parametrize("git", [Git(status=" M 3.7/stretch/Dockerfile\0"), Git(ok=False)])
def test_what_is_not_committed_has_none(matrix: Matrix, monkeypatch: pytest.MonkeyPatch, git: Git) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/git")
    found = origin_of(Path("/x"), matrix.images[0], runner=git)
    assert (found.source, found.revision, found.version) == ("", "", "3.7.2")


def test_without_git_there_is_the_release(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert origin_of(Path("/x"), matrix.images[0]).version == "3.7.2"
