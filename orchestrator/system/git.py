"""What is asked of git, and told to it. Everything else about version control stays outside."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.system.process import Command, Completed, Runner, run

_SECONDS = 60.0
#: Seconds for what hooks may be called by: they may well build and test.
_SECONDS_OF_HOOKS = 1800.0
_WITH_HOOKS = {"commit", "push"}
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
#: How many processes of git are asked at once.
_SIDE_BY_SIDE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Git:
    """The repository that `root` lies in; paths are relative to `root`, also where that is not the top of the repository.

    Every method raises `EnvironmentFailedError` where there is no git, or no repository.
    """

    root: Path
    runner: Runner = run

    def read(self, revision: str, path: str) -> str | None:
        """Give a file as it was at a revision; None where it was not there. Raises `UsageError` for a revision that git does not know."""
        commit = self.resolve(revision)
        done = self._run("show", f"{commit}:./{path}")
        return done.stdout.decode("utf-8", "replace") if done.ok else None

    def files(self, revision: str, directory: str) -> Mapping[str, str]:
        """Give the files right in a directory by their names, as they were at a revision; none where it was not there.

        Raises `UsageError` for a revision that git does not know.
        """
        commit = self.resolve(revision)
        done = self._run("ls-tree", "-z", commit, f"./{directory}/")
        # "100644 blob 1f2e...<TAB>a/name": https://git-scm.com/docs/git-ls-tree#_output_format
        entries = [entry.partition("\t") for entry in done.stdout.decode("utf-8", "replace").split("\0") if entry]
        found = {path.rpartition("/")[2]: about.split()[2] for about, _, path in entries if about.split()[1] == "blob"}

        def content(blob: str) -> str:
            return self._run("cat-file", "blob", blob).stdout.decode("utf-8", "replace")

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return dict(zip(found, pool.map(content, found.values()), strict=True))

    def resolve(self, revision: str) -> str:
        """Give the commit (hex) that a revision names: `HEAD~1`, `v1.2`. Raises `UsageError` where git knows none."""
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        found = done.stdout.decode("ascii", "replace").strip()
        if not done.ok or not _COMMIT.fullmatch(found):
            self.need()
            raise UsageError(
                f'git knows no commit "{revision[:80]}" here', mend="'git log --oneline' lists those that there are"
            )
        return found

    def last_commits(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Give, of each path that was ever committed, the commit that changed it last.

        From HEAD back to the nearest merge there is one way only, and one answer of git tells it for all paths. Those that it leaves open are asked
        one by one from that merge on: only then does git leave out what a merge did not take over
        (https://git-scm.com/docs/git-log#_history_simplification). Raises `EnvironmentFailedError` with what git said where it cannot read the past.
        """
        head = self._run("rev-parse", "--verify", "--quiet", "HEAD").stdout.decode("ascii", "replace").strip()
        if not head:
            self.need()
        if not head or not paths:
            return {}  # nothing was committed yet, or nothing is asked
        merge = self._one("rev-list", "--max-count=1", "--min-parents=2", head)
        found = self._changes((head, f"^{merge}") if merge else (head,), paths)
        left = [path for path in paths if path not in found] if merge else []

        def ask(path: str) -> str:
            return self._one("rev-list", "--max-count=1", merge, "--", path)

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found |= {path: commit for path, commit in zip(left, pool.map(ask, left), strict=True) if commit}
        return {path: found[path] for path in paths if path in found}

    def _changes(self, span: Sequence[str], paths: Sequence[str]) -> dict[str, str]:
        """Give the newest commit of a span without merges for each path that one of its commits changed."""
        # What a user may have configured for people to read would get in between.
        plain = ("-c", "log.showSignature=false", "-c", "log.showRoot=true", "-c", "log.follow=false")
        form = ("-z", "--format=%x00%H", "--name-only", "--no-renames", "--relative")
        done = self._must("log", *form, *span, "--", *paths, before=plain)
        found: dict[str, str] = {}
        commit = ""
        # "", commit, "\nfirst path", "second path", "", commit, ...: an empty word announces a commit.
        words = iter(done.stdout.decode("utf-8", "surrogateescape").split("\0"))
        for word in words:
            if not word:
                commit = next(words, "")
            elif _COMMIT.fullmatch(commit):
                found.setdefault(word.removeprefix("\n"), commit)
        return found

    def _one(self, *words: str) -> str:
        """Give the commit that git answers with; empty where it answers with none."""
        answer = self._must(*words).stdout.decode("ascii", "replace").strip()
        return answer if _COMMIT.fullmatch(answer) else ""

    def changed(self, paths: Iterable[str] = ()) -> tuple[str, ...]:
        """Give those of some paths (or all) that are not committed as they are, untracked ones included.

        Raises `EnvironmentFailedError` with what git said where it cannot tell (a broken index).
        """
        top = self.top()
        done = self._must("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
        entries = [entry[3:] for entry in done.stdout.decode("utf-8", "replace").split("\0") if len(entry) > 3]
        return tuple(os.path.relpath(top / entry, self.root.resolve()) for entry in entries)

    def shallow(self) -> bool:
        """Whether this is a clone without its past, in which the commit that changed something last may be missing."""
        return self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def remote(self, name: str = "origin") -> str:
        """Give the address of a remote as it is configured; empty where there is none."""
        done = self._run("config", "--get", f"remote.{name}.url")
        return done.stdout.decode("utf-8", "replace").strip() if done.ok else ""

    def commit(self, paths: Sequence[str], message: str) -> str:
        """Commit these paths as they are on disk, and nothing else that may be staged. Gives the commit.

        Raises `EnvironmentFailedError` with what git said (no name and address configured, a hook that refused).
        """
        self._must("add", "--", *paths)
        self._must("commit", "--quiet", "-m", message, "--only", "--", *paths)
        return self.resolve("HEAD")

    def top(self) -> Path:
        """The top directory of the repository. Raises `EnvironmentFailedError` where `root` lies in none."""
        done = self._run("rev-parse", "--show-toplevel")
        if not done.ok:
            said = done.stderr.decode("utf-8", "replace").strip()
            # A repository of another user (a CI container), or a broken one: git knows the mend, and says it.
            if said and "not a git repository" not in said.splitlines()[0]:
                cause, _, mend = said.removeprefix("fatal: ").partition("\n")
                raise EnvironmentFailedError(
                    f"{self.root}: git refuses: {cause}", mend=" ".join(mend.split()) or "mend that, then run again"
                )
            raise EnvironmentFailedError(
                f"{self.root} is not in a git repository", mend="run in a clone, or 'git init' and commit"
            )
        return Path(done.stdout.decode("utf-8", "surrogateescape").rstrip("\n"))

    def need(self) -> None:
        """Raise `EnvironmentFailedError` unless there are git and a repository."""
        self.top()

    def _must(self, *words: str, before: Sequence[str] = ()) -> Completed:
        """Ask git; `before` stands before the word that says what for. Raises `EnvironmentFailedError` where it fails."""
        done = self._run(*words, before=before)
        if not done.ok:
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
            raise EnvironmentFailedError(
                f"git {words[0]} failed: {said[-500:] or done.reason}", mend="mend that, then run again"
            )
        return done

    def _run(self, *words: str, before: Sequence[str] = ()) -> Completed:
        git = shutil.which("git")
        if git is None:
            raise EnvironmentFailedError("there is no git here", mend="install git")
        seconds = _SECONDS_OF_HOOKS if words[0] in _WITH_HOOKS else _SECONDS
        return self.runner(Command(argv=(git, "-C", str(self.root), *before, *words), timeout=seconds))


def remote_tags(address: str, pattern: str, *, runner: Runner = run) -> tuple[str, ...]:
    """Give the names of a remote repository's tags that match a pattern (`v3.7.*`), without cloning it.

    Raises `EnvironmentFailedError` where there is no git, `OSError` with what git said where the repository cannot be asked.
    """
    git = shutil.which("git")
    if git is None:
        raise EnvironmentFailedError("there is no git here", mend="install git")
    # Never a question for a password: nobody is there to answer.
    command = Command(
        argv=(git, "ls-remote", "--tags", "--refs", "--", address, pattern),
        environment={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        timeout=_SECONDS,
    )
    done = runner(command)
    if not done.ok:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        # The first line says what it is; those below it are advice.
        fatal = [line for line in said if line.startswith("fatal:")]
        raise OSError((fatal or said[-1:] or [done.reason])[0])
    return tuple(line.rpartition("refs/tags/")[2] for line in done.stdout.decode("utf-8", "replace").splitlines())
