"""The seam to git with the real one, in repositories made for it: nothing of this machine's configuration takes part."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_other
from pathlib import Path
from random import Random

import pytest

from orchestrator.commits import commits_for
from orchestrator.errors import EnvironmentFailedError, InvalidFileError, UsageError
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.publish.origin import origin_of
from orchestrator.system.git import Git, remote_tags
from orchestrator.system.process import Command, Completed, run

ROOT = Path(__file__).resolve().parents[2]

#: Who commits, and that neither the user's configuration nor the machine's counts: https://git-scm.com/docs/git#_environment_variables
IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada One",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada One",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository and the words to fill it with."""

    root: Path

    def __call__(self, *words: str) -> str:
        done = run(Command(argv=("git", "-C", str(self.root), *words)))
        assert done.ok, done.stderr.decode()
        return done.text

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def commit(self, path: str, text: str) -> str:
        self.write(path, text)
        self("add", "--", path)
        self("commit", "--quiet", "-m", f"{path}: {text}")
        return self("rev-parse", "HEAD")

    @property
    def git(self) -> Git:
        return Git(root=self.root)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Repository]:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)

    def new(name: str) -> Repository:
        (tmp_path / name).mkdir()
        repository = Repository(root=tmp_path / name)
        repository("init", "--quiet", "--initial-branch=main")
        return repository

    return new


@pytest.fixture
def repository(make: Callable[[str], Repository]) -> Repository:
    return make("repository")


def test_a_file_as_it_was(repository: Repository) -> None:
    first = repository.commit("a/versions.json", "one")
    repository.commit("a/versions.json", "two")
    repository.write("a/versions.json", "three")
    git = repository.git
    assert [git.read(revision, "a/versions.json") for revision in ("HEAD", "HEAD~1", first[:10])] == [
        "two",
        "one",
        "one",
    ]
    assert git.read("HEAD", "b") is None
    assert Git(root=repository.root / "a").read("HEAD", "versions.json") == "two", "relative to the root that is asked"
    assert git.resolve("HEAD~1") == first
    for unknown in ("v1", "HEAD~7", "--all", "HEAD:a", ""):
        with pytest.raises(UsageError, match="git knows no commit"):
            git.resolve(unknown)


def test_the_last_commits_of_files(repository: Repository) -> None:
    first = repository.commit("a", "1")
    second = repository.commit("b", "1")
    repository.commit("c", "1")
    assert repository.git.last_commits(["a", "b", "never"]) == {"a": first, "b": second}
    third = repository.commit("a", "2")
    assert repository.git.last_commits(["a"]) == {"a": third}


def test_a_merge_changed_only_what_it_changed_itself(repository: Repository) -> None:
    repository.commit("a", "1")
    base = repository.commit("b", "1")
    repository("checkout", "--quiet", "-b", "side")
    side = repository.commit("a", "2")
    repository("checkout", "--quiet", "main")
    repository.commit("c", "1")
    repository("merge", "--quiet", "--no-edit", "side")
    assert repository.git.last_commits(["a", "b"]) == {"a": side, "b": base}
    # What a merge leaves behind does not count, however new it is: the other side's change of b is not in what we have.
    repository("checkout", "--quiet", "-b", "lost")
    repository.commit("b", "lost")
    repository("checkout", "--quiet", "main")
    repository.commit("c", "2")
    repository("merge", "--quiet", "--no-edit", "-s", "ours", "lost")
    assert repository.git.last_commits(["b"]) == {"b": base}


def test_a_tangled_past_is_told_as_git_log_tells_it(repository: Repository) -> None:
    """Merges that take one side, the other, or both, files that go and come back, and files that are moved."""
    chance = Random(6)
    paths = [f"images/{name}" for name in "abcdef"]
    repository.commit("images/a", "first")
    for step in range(60):
        path = chance.choice(paths)
        match chance.randrange(6):
            case 0:
                repository("checkout", "--quiet", "-B", chance.choice(["one", "two"]))
            case 1:
                repository(
                    "checkout", "--quiet", chance.choice(repository("branch", "--format=%(refname:short)").split())
                )
            case 2:
                other = chance.choice(repository("branch", "--format=%(refname:short)").split())
                how = chance.choice([["-s", "ours"], ["-X", "theirs"]])
                if not run(
                    Command(argv=("git", "-C", str(repository.root), "merge", "-q", "--no-edit", *how, other))
                ).ok:
                    repository("reset", "--quiet", "--hard")
            case 3 if (repository.root / path).exists():
                repository("mv", "-f", path, chance.choice([one for one in paths if one != path]))
                repository("commit", "--quiet", "-m", "moved")
            case _:
                repository.commit(path, chance.choice(["x", "y", str(step)]) + "\n" * chance.randrange(3) + str(step))
        asked = {path: repository("log", "-1", "--format=%H", "--", path) for path in paths}
        told = Git(root=repository.root / "images").last_commits([path.removeprefix("images/") for path in paths])
        assert told == {path.removeprefix("images/"): commit for path, commit in asked.items() if commit}
    assert repository("rev-list", "--merges", "--all"), "there have to be merges in it"


def test_what_a_user_likes_to_see_in_a_log_changes_nothing(repository: Repository) -> None:
    first = repository.commit("a", "1")
    repository("mv", "a", "b")
    repository("commit", "--quiet", "-m", "moved")
    moved = repository("rev-parse", "HEAD")
    third = repository.commit("c", "1")
    for key, value in {"showSignature": "true", "showRoot": "false", "follow": "true", "decorate": "full"}.items():
        repository("config", f"log.{key}", value)
    repository("config", "color.ui", "always")
    repository("config", "diff.renames", "copies")
    assert repository.git.last_commits(["a", "b", "c"]) == {"a": moved, "b": moved, "c": third}
    repository("checkout", "--quiet", first)
    assert repository.git.last_commits(["a"]) == {"a": first}


def test_below_the_top_of_a_repository(repository: Repository) -> None:
    commit = repository.commit("examples/small/a", "1")
    repository.commit("a", "other")
    below = Git(root=repository.root / "examples" / "small")
    assert below.last_commits(["a"]) == {"a": commit}
    repository.write("examples/small/a", "2")
    repository.write("examples/small/new file", "1")
    assert below.changed(["a"]) == ("a",)
    assert set(below.changed()) == {"a", "new file"}
    assert below.top().resolve() == repository.root.resolve()


def test_what_is_not_committed_as_it_is(repository: Repository) -> None:
    repository.commit("a", "1")
    repository.commit("é", "1")
    assert repository.git.changed() == ()
    repository.write("a", "2")
    repository("add", "a")
    repository.write("é", "2")
    repository.write("new/one", "1")
    assert set(repository.git.changed()) == {"a", "é", "new/one"}
    assert repository.git.changed(["a", "elsewhere"]) == ("a",)
    repository("mv", "-f", "a", "b")
    assert set(repository.git.changed(["a", "b"])) == {"a", "b"}, "a renamed file is one gone and one new"


def test_a_commit_takes_what_it_is_told_and_leaves_what_is_staged(repository: Repository) -> None:
    repository.commit("a", "1")
    repository.commit("b", "1")
    repository.write("a", "2")
    repository.write("b", "2")
    repository.write("new", "1")
    repository.write("other", "1")
    repository("add", "b", "other")
    commit = repository.git.commit(["a", "new"], "Update a\n\nBecause of it.")
    assert repository("rev-parse", "HEAD") == commit
    assert repository("show", "--format=%B%an <%ae>", "--name-only", commit).split("\n") == [
        "Update a", "", "Because of it.", "Ada One <ada@example.org>", "", "a", "new",
    ]  # fmt: skip
    assert repository("diff", "--cached", "--name-only").split() == ["b", "other"]


def test_a_commit_that_git_refuses_says_why(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit("a", "1")
    with pytest.raises(EnvironmentFailedError, match="nothing to commit"):
        repository.git.commit(["a"], "nothing")
    with pytest.raises(EnvironmentFailedError, match=r"git add failed: .*did not match"):
        repository.git.commit(["none"], "nothing")
    hook = repository.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    repository.write("a", "2")
    with pytest.raises(EnvironmentFailedError, match="not today"):
        repository.git.commit(["a"], "refused")
    hook.unlink()
    for name in IDENTITY:
        if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")):
            monkeypatch.setenv(name, "")
    with pytest.raises(EnvironmentFailedError, match=r"(?i)ident|name"):
        repository.git.commit(["a"], "by nobody")
    assert repository.git.changed() == ("a",)


@pytest.mark.usefixtures("make")
def test_outside_of_a_repository(tmp_path: Path) -> None:
    git = Git(root=tmp_path)
    for ask in (git.top, git.changed, lambda: git.read("HEAD", "a"), lambda: git.last_commits(["a"])):
        with pytest.raises(EnvironmentFailedError, match="is not in a git repository"):
            ask()
    assert git.remote() == ""


def test_a_repository_of_somebody_else_says_so(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(EnvironmentFailedError, match="dubious ownership") as found:
        repository.git.top()
    assert "git config --global --add safe.directory" in found.value.mend


def test_a_repository_without_a_commit(repository: Repository) -> None:
    repository.write("a", "1")
    assert repository.git.last_commits(["a"]) == {}
    assert repository.git.changed() == ("a",)
    with pytest.raises(UsageError, match='no commit "HEAD"'):
        repository.git.read("HEAD", "a")


def test_a_broken_index_is_not_a_clean_one(repository: Repository) -> None:
    repository.commit("a", "1")
    (repository.root / ".git" / "index").write_bytes(b"broken")
    with pytest.raises(EnvironmentFailedError, match="git status failed"):
        repository.git.changed()


def test_remotes_and_their_tags(repository: Repository, make: Callable[[str], Repository]) -> None:
    repository.commit("a", "1")
    for tag in ("v3.7.1", "v3.7.2", "v3.7.3rc1", "v3.6.8"):
        repository("tag", tag)
    repository("tag", "-a", "-m", "said", "v3.7.3")
    assert set(remote_tags(str(repository.root), "v3.7.*")) == {"v3.7.1", "v3.7.2", "v3.7.3rc1", "v3.7.3"}
    with pytest.raises(OSError, match="nowhere"):
        remote_tags(str(repository.root / "nowhere"), "v*")
    other = make("other")
    assert other.git.remote() == ""
    other("remote", "add", "origin", "https://user:secret@example.org/images.git")
    assert other.git.remote() == "https://user:secret@example.org/images.git"
    assert other.git.remote("upstream") == ""


@pytest.fixture
def small(repository: Repository) -> Matrix:
    """The real matrix, beside Dockerfiles of which each has a commit of its own; below the top of its repository."""
    matrix = load_matrix(ROOT / "versions.json")
    home = repository.root / "images"
    for image in matrix.images:
        repository.commit(f"images/{image.directory}/Dockerfile", f"FROM {image.variant.base}\n")
    return with_other(matrix, path=home / "versions.json")


def test_commits_of_dockerfiles(repository: Repository, small: Matrix) -> None:
    warnings: list[str] = []
    found = commits_for(small, small.images, file=None, warn=warnings.append)
    assert list(found) == [image.directory for image in small.images]
    assert len(set(found.values())) == len(small.images)
    assert found["3.7/stretch"] == repository("log", "-1", "--format=%H", "--", "images/3.7/stretch/Dockerfile")
    assert warnings == []
    origin = origin_of(small.root, small.images[0], source="https://example.org/images")
    assert origin.revision == found["3.7/stretch"]

    repository.write("images/3.7/stretch/Dockerfile", "FROM scratch\n")
    assert commits_for(small, small.images, file=None, warn=warnings.append) == found
    assert len(warnings) == 1
    assert "3.7/stretch/Dockerfile" in warnings[0]
    assert origin_of(small.root, small.images[0]).revision == ""

    repository("rm", "-rq", "--cached", "images/3.7/stretch")
    repository("commit", "--quiet", "-m", "gone")
    assert commits_for(small, small.images[:1], file=None)["3.7/stretch"] == repository("rev-parse", "HEAD")


def test_commits_of_what_was_never_committed(repository: Repository, small: Matrix) -> None:
    other = with_other(small, path=repository.root / "other" / "versions.json")
    for image in small.images:
        repository.write(f"other/{image.directory}/Dockerfile", "FROM scratch\n")
    with pytest.raises(InvalidFileError, match="3.7/stretch/Dockerfile was never committed"):  # noqa: RUF043 - a path
        commits_for(other, other.images, file=None)


def test_commits_of_a_shallow_clone(repository: Repository, small: Matrix, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    done: Completed = run(
        Command(argv=("git", "clone", "--quiet", "--depth=1", f"file://{repository.root}", str(shallow)), timeout=60)
    )
    assert done.ok, done.stderr
    there = with_other(small, path=shallow / "images" / "versions.json")
    assert Git(root=there.root).shallow()
    assert not repository.git.shallow()
    with pytest.raises(EnvironmentFailedError, match="shallow clone") as found:
        commits_for(there, there.images, file=None)
    assert found.value.mend.startswith("git fetch --unshallow")
    Repository(root=shallow)("fetch", "--quiet", "--unshallow")
    assert commits_for(there, there.images, file=None) == commits_for(small, small.images, file=None)
