"""Commits and branches of bumps, with real git, in a repository of their own."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.bump.finding import Found
from orchestrator.bump.index import Index
from orchestrator.bump.model import Signature, Verified
from orchestrator.bump.proposing import Proposer
from orchestrator.bump.releases import NewRelease
from orchestrator.config.settings import Proposals
from orchestrator.inputs.model import StoredInput
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Line
from orchestrator.pipeline.proposing import Proposing
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Silent
from tests.integration.command_line import ROOT, Called

GIT = str(shutil.which("git"))
ALL = ("2.7", "3.4", "3.5", "3.6", "3.7")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A clone with a matrix in a directory below its top, and tarballs that need no network."""

    top: Path
    environment: Mapping[str, str]

    @property
    def matrix(self) -> Path:
        return self.top / "images" / "versions.json"

    def git(self, *words: str) -> str:
        done = subprocess.run(
            [GIT, "-C", str(self.top), *words], check=True, capture_output=True, text=True, env=dict(self.environment)
        )
        return done.stdout.rstrip("\n")

    def bump(self, *words: str) -> Called:
        done = subprocess.run(
            [
                sys.executable, "-m", "orchestrator", "bump", *words,
                "--matrix", str(self.matrix), "--config", str(self.top / "config.yaml"),
            ],
            check=False, capture_output=True, text=True, cwd=self.top, env=dict(self.environment), timeout=120,
        )  # fmt: skip
        return Called(code=done.returncode, out=done.stdout, err=done.stderr, seconds=0)

    def to(self, line: str, release: str, *words: str) -> Called:
        """Bump a line to a release whose tarball lies here, by its checksum."""
        content = f"the tarball of {release}".encode()
        (self.top.parent / "files" / f"Python-{release}.tar.xz").write_bytes(content)
        return self.bump(line, "--to", release, "--sha256", hashlib.sha256(content).hexdigest(), *words)

    def release(self, line: str, revision: str | None = None) -> str:
        text = self.matrix.read_text() if revision is None else self.git("show", f"{revision}:images/versions.json")
        return str(json.loads(text)["lines"][line]["release"])

    def fresh(self, revision: str, directory: Path) -> bool:
        """Whether a commit's Dockerfiles are what its matrix gives."""
        self.git("worktree", "add", "--detach", str(directory), revision)
        done = subprocess.run(
            [
                sys.executable, "-m", "orchestrator", "render", "--check",
                "--matrix", str(directory / "images" / "versions.json"),
            ],
            check=False, capture_output=True, env=dict(self.environment),
        )  # fmt: skip
        self.git("worktree", "remove", "--force", str(directory))
        return done.returncode == 0

    def hook(self, text: str) -> None:
        path = self.top / ".git" / "hooks" / "pre-commit"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    top = tmp_path / "clone"
    (top / "images").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    for name in ("versions.json", *ALL):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, top / "images" / name)
    (top / "config.yaml").write_text(f"inputs: {tmp_path / 'files'}\n")
    (top / "notes.txt").write_text("mine\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    made = Repository(
        top=top,
        environment={
            **kept,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(tmp_path),
        },
    )
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "Somebody")
    made.git("config", "user.email", "somebody@example.org")
    made.git("add", ".")
    made.git("commit", "--quiet", "-m", "All")
    return made


def test_a_commit_holds_the_matrix_and_the_lines_dockerfiles_and_nothing_else(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.top / "notes.txt").write_text("changed\n")
    repository.git("add", "notes.txt")
    (repository.top / "other.txt").write_text("new\n")
    done = repository.to("3.7", "3.7.3", "--commit", "--json")
    assert done.code == 0, done.err
    (commit,) = done.document["commits"]
    assert commit == {"line": "3.7", "commit": repository.git("rev-parse", "HEAD"), "subject": "Update 3.7 to 3.7.3"}
    assert set(repository.git("show", "--format=", "--name-only", "HEAD").split()) == {
        "images/versions.json",
        *(f"images/3.7/{directory}/Dockerfile" for directory in ("stretch", "stretch/slim", "alpine3.8", "alpine3.7")),
    }
    message = repository.git("show", "--no-patch", "--format=%B", "HEAD")
    assert message.splitlines()[0] == "Update 3.7 to 3.7.3"
    for said in ("/3.7.3/Python-3.7.3.tar.xz", "Signed: not checked", "3.7 has been at its end since 2023-06-27"):
        assert said in message
    # What somebody had staged, and had not, is as it was.
    assert repository.git("status", "--porcelain").splitlines() == ["M  notes.txt", "?? other.txt"]
    assert repository.fresh("HEAD", tmp_path / "fresh")


@pytest.mark.parametrize("path", ["versions.json", "3.7/alpine3.8/Dockerfile"])
def test_changes_that_are_not_committed_do_not_get_into_a_bump(repository: Repository, path: str) -> None:
    changed = repository.matrix.parent / path
    changed.write_text(changed.read_text() + "\n")
    before = repository.matrix.read_bytes(), changed.read_bytes(), repository.git("rev-parse", "HEAD")
    done = repository.to("3.7", "3.7.3", "--commit")
    assert done.code == 2
    assert f"not committed yet: {path}" in done.err
    assert (repository.matrix.read_bytes(), changed.read_bytes(), repository.git("rev-parse", "HEAD")) == before
    # Another line's files are of no concern, once the matrix is clean.
    if path != "versions.json":
        assert repository.to("3.6", "3.6.9", "--commit").code == 0


def test_a_hook_that_refuses_is_told_and_what_is_written_stays(repository: Repository) -> None:
    repository.hook("echo 'no commits on a Wednesday' >&2; exit 1")
    done = repository.to("3.7", "3.7.3", "--commit")
    assert done.code == 4
    assert "3.7 is written, but not committed" in done.err
    assert "no commits on a Wednesday" in done.err
    assert repository.release("3.7") == "3.7.3"
    repository.hook("exit 0")
    # What it says to type commits that and nothing else that is staged.
    (repository.top / "notes.txt").write_text("changed\n")
    repository.git("add", "notes.txt")
    words = shlex.split(done.err.partition("then: git ")[2].partition("\n")[0])
    assert words[2:5] == ["commit", "-m", "Update 3.7 to 3.7.3"]
    repository.git(*words)
    assert repository.git("status", "--porcelain") == "M  notes.txt"
    assert repository.release("3.7", "HEAD") == "3.7.3"


def test_a_hook_that_refuses_leaves_no_branch_and_nothing_to_commit(repository: Repository) -> None:
    repository.hook("echo 'no commits on a Wednesday' >&2; exit 1")
    done = repository.to("3.7", "3.7.3", "--branch")
    assert done.code == 4
    assert "3.7 cannot be committed" in done.err
    assert "no commits on a Wednesday" in done.err
    assert "is written" not in done.err
    assert repository.git("branch", "--format=%(refname:short)") == "main"


def test_what_was_never_committed_has_no_branch(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "images/versions.json")
    repository.git("commit", "--quiet", "-m", "Without it")
    done = repository.to("3.7", "3.7.3", "--branch")
    assert done.code == 3
    assert f"{repository.matrix} is not committed" in done.err


@pytest.mark.parametrize("words", [("--branch", "3.7"), ("--branch", "x", "--push", "3.7")])
def test_a_line_is_no_name_of_a_branch(repository: Repository, words: tuple[str, ...]) -> None:
    done = repository.bump(*words)
    assert done.code == 2
    assert "takes 3.7 for its own, not for the line" in done.err
    assert repository.git("branch", "--format=%(refname:short)") == "main"


def test_outside_of_a_repository_there_is_nothing_to_commit_to(repository: Repository) -> None:
    shutil.rmtree(repository.top / ".git")
    before = repository.matrix.read_bytes()
    done = repository.to("3.7", "3.7.3", "--commit")
    assert done.code == 4
    assert "not in a git repository" in done.err
    assert repository.matrix.read_bytes() == before


def test_a_branch_leaves_everything_here_as_it_is(repository: Repository, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    repository.git("init", "--quiet", "--bare", str(remote))
    repository.git("remote", "add", "origin", str(remote))
    # Also what is not committed, in the very matrix.
    repository.matrix.write_text(repository.matrix.read_text().replace("3.6.8", "3.6.9"))
    before = (
        repository.matrix.read_bytes(),
        repository.git("rev-parse", "HEAD"),
        repository.git("status", "--porcelain"),
    )
    done = repository.to("3.7", "3.7.3", "--json", "--push", "--branch")
    assert done.code == 0, done.err
    assert done.document["branch"] == {"name": "bump/3.7.3", "made": True, "pushed": "origin"}
    now = repository.matrix.read_bytes(), repository.git("rev-parse", "HEAD"), repository.git("status", "--porcelain")
    assert now == before
    assert repository.git("log", "--format=%s", "main..bump/3.7.3") == "Update 3.7 to 3.7.3"
    assert (repository.release("3.7", "bump/3.7.3"), repository.release("3.6", "bump/3.7.3")) == ("3.7.3", "3.6.8")
    assert repository.git("ls-remote", "--heads", "origin").split()[0] == repository.git("rev-parse", "bump/3.7.3")
    assert len(repository.git("worktree", "list").splitlines()) == 1
    assert not list(tmp_path.glob("orchestrator-bump-*"))
    assert repository.fresh("bump/3.7.3", tmp_path / "fresh")

    # The same again makes nothing; something else is refused.
    commit = repository.git("rev-parse", "bump/3.7.3")
    again = repository.to("3.7", "3.7.3", "--json", "--branch")
    assert (again.code, again.document["branch"]) == (0, {"name": "bump/3.7.3", "made": False, "pushed": None})
    other = repository.to("3.6", "3.6.9", "--branch", "bump/3.7.3")
    assert other.code == 2
    assert "holds something else" in other.err
    assert repository.git("rev-parse", "bump/3.7.3") == commit
    wrong = repository.to("3.6", "3.6.9", "--branch", "a..b")
    assert wrong.code == 2
    assert "no name for a branch" in wrong.err
    away = repository.to("3.6", "3.6.9", "--branch", "--push", "nobody")
    assert away.code == 4
    assert "the branch bump/3.6.9 is there, but not pushed: git push failed" in away.err
    assert "then: git push nobody bump/3.6.9" in away.err
    assert repository.release("3.6", "bump/3.6.9") == "3.6.9"


class _Site:
    """Says that 3.7.3 and 3.6.9 are out, and vouches for both; counts what is fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    def newest(self, line: Line) -> Found | None:
        raise AssertionError(f"a night knows already what is out of {line.name}")

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        release = to or {"3.7": "3.7.3", "3.6": "3.6.9"}[line.name]
        self.fetched.append(release)
        return Verified(
            release=release,
            format="tar.xz",
            sha256=hashlib.sha256(release.encode()).hexdigest(),
            origin=f"https://example.org/{release}/Python-{release}.tar.xz",
            stored=StoredInput(directory=Path(), digest="", files=()),
            signature=Signature(fingerprint=line.gpg_key, made=datetime(2019, 3, 25, tzinfo=UTC)),
        )


def test_a_night_proposes_each_release_once(repository: Repository, tmp_path: Path) -> None:
    places = Places(cache=tmp_path / "cache", state=tmp_path / "state")
    site = _Site()

    def night(wanted: Proposals, out: str = "3.6.9") -> tuple[list[str], list[str]]:
        cancellation = Cancellation()
        proposer = Proposer(
            releases=site,
            index=Index(),
            stock=Inputs(places=places, progress=Silent(), mirror=None),
            progress=Silent(),
            cancellation=cancellation,
        )
        proposing = Proposing(matrix=load_matrix(repository.matrix), wanted=wanted, proposer=proposer)
        found = proposing.propose(
            [
                NewRelease(line="3.7", known="3.7.2", release="3.7.3"),
                NewRelease(line="3.6", known="3.6.8", release=out),
            ]
        )
        return [str(one) for one in found], proposing.notes

    repository.git("branch", "bump/3.6.9")
    assert night(Proposals()) == (
        ["3.7: 3.7.3 is proposed on branch bump/3.7.3"],
        ["3.6.9 is not proposed: the branch bump/3.6.9 holds something else"],
    )
    assert repository.release("3.7", "bump/3.7.3") == "3.7.3"
    assert repository.git("status", "--porcelain") == ""
    repository.git("branch", "-D", "bump/3.6.9")
    told, notes = night(Proposals(push="nobody"))
    assert told == [
        "3.7: 3.7.3 was proposed before on branch bump/3.7.3",
        "3.6: 3.6.9 is proposed on branch bump/3.6.9",
    ]
    assert [note.partition(":")[0] for note in notes] == ["bump/3.7.3 is not pushed", "bump/3.6.9 is not pushed"]
    assert site.fetched == ["3.7.3", "3.6.9"]
    # The site's page names one that is not complete: what is was proposed before.
    found, _ = night(Proposals(), out="3.6.10")
    assert found[1:] == ["3.6: 3.6.9 was proposed before on branch bump/3.6.9"]
    # What was merged is not proposed again.
    repository.git("merge", "--quiet", "bump/3.7.3")
    assert night(Proposals())[0] == ["3.6: 3.6.9 was proposed before on branch bump/3.6.9"]
