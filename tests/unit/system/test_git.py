"""What is asked of git and made of its answers; the real git is asked in tests/integration/test_git.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.system.git import Git, remote_tags
from tests.unit.engine.fakes import FakeRunner

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = COMMIT[::-1]


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/git")


def test_without_git_every_question_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    git = Git(root=Path("/x"), runner=FakeRunner({}))
    for ask in (
        git.top,
        git.shallow,
        git.remote,
        git.changed,
        lambda: git.read("HEAD", "a"),
        lambda: git.last_commits(["a"]),
    ):
        with pytest.raises(EnvironmentFailedError, match="there is no git here"):
            ask()
    with pytest.raises(EnvironmentFailedError, match="there is no git here"):
        remote_tags("https://example.org/x.git", "v1*", runner=FakeRunner({}))


def test_a_revision_is_never_taken_for_an_option() -> None:
    runner = FakeRunner({"rev-parse --verify": (1, ""), "--show-toplevel": "/x\n"})
    with pytest.raises(UsageError, match='git knows no commit "--all"'):
        Git(root=Path("/x"), runner=runner).resolve("--all")
    words = runner.seen[0].argv
    assert words.index("--end-of-options") < words.index("--all^{commit}")


def test_an_unknown_revision_outside_of_a_repository_is_the_repositorys_fault() -> None:
    runner = FakeRunner({"rev-parse": (128, "fatal: not a git repository")})
    with pytest.raises(EnvironmentFailedError, match="not in a git repository"):
        Git(root=Path("/x"), runner=runner).resolve("HEAD")


def test_answers_that_are_no_commits_are_not_taken_for_some() -> None:
    runner = FakeRunner(
        {
            "--verify --quiet HEAD": f"{OTHER}\n",
            "--min-parents=2": f"{OTHER}\n",
            "log -z": f"\0{COMMIT}\0\na\0b\0\0odd\0\nc\0",
            "-- c": "warning: odd\n",
        }
    )
    assert Git(root=Path("/x"), runner=runner).last_commits(["a", "b", "c"]) == {"a": COMMIT, "b": COMMIT}


def test_a_past_that_cannot_be_read_is_not_an_empty_one() -> None:
    runner = FakeRunner({"--verify --quiet HEAD": f"{OTHER}\n", "rev-list": (128, "fatal: bad object HEAD")})
    with pytest.raises(EnvironmentFailedError, match="git rev-list failed: fatal: bad object HEAD"):
        Git(root=Path("/x"), runner=runner).last_commits(["a"])


def test_a_status_that_fails_is_not_a_clean_one() -> None:
    runner = FakeRunner({"--show-toplevel": "/x\n", "status": (128, "fatal: index file corrupt")})
    with pytest.raises(EnvironmentFailedError, match="git status failed: fatal: index file corrupt"):
        Git(root=Path("/x"), runner=runner).changed()


def test_a_hook_that_refuses_is_heard() -> None:
    runner = FakeRunner({"git -C /x add": "", "commit --quiet": (1, "hook: not on a Friday")})
    with pytest.raises(EnvironmentFailedError, match="git commit failed: hook: not on a Friday"):
        Git(root=Path("/x"), runner=runner).commit(["a"], "message")


def test_tags_of_a_remote_are_asked_without_questions() -> None:
    listing = f"{COMMIT}\trefs/tags/v3.7.2\n{COMMIT}\trefs/tags/v3.7.2rc1\n"
    runner = FakeRunner({"ls-remote --tags --refs -- https://example.org/x.git": listing})
    assert remote_tags("https://example.org/x.git", "v3.7.*", runner=runner) == ("v3.7.2", "v3.7.2rc1")
    assert (runner.seen[0].environment or {})["GIT_TERMINAL_PROMPT"] == "0"
    with pytest.raises(OSError, match="could not read from remote"):
        remote_tags(
            "https://example.org/x.git", "v*", runner=FakeRunner({"ls-remote": (128, "a\ncould not read from remote")})
        )
