"""A bump on a branch of its own, made in a worktree beside: the files here, and what is checked out, stay as they are.

Source: https://git-scm.com/docs/git-worktree
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestrator.bump.commits import Committed
from orchestrator.bump.model import Proposal
from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Line
from orchestrator.system.git import Git
from orchestrator.system.scratch import scratch, sweep_scratch

_PREFIX = "orchestrator-bump-"
BRANCHES = "bump/"


class State(StrEnum):
    """What became of a branch."""

    MADE = "made"
    THERE = "there"


@dataclass(frozen=True, kw_only=True, slots=True)
class Branched:
    """A branch with its commits (none where it was there with the same proposal); `pushed` names the remote that has it, if it was pushed."""

    name: str
    state: State
    commits: tuple[Committed, ...] = ()
    pushed: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Branches(Git):
    """Branches of the repository that `root` lies in."""

    @contextlib.contextmanager
    def worktree(self) -> Iterator[Path]:
        """Check the last commit out elsewhere, and give the directory there that stands for `root`; it is removed at the end."""
        inside = self.root.resolve().relative_to(self.top().resolve())
        if sweep_scratch(_PREFIX):  # of bumps that were killed
            self._must("worktree", "prune")
        with scratch(_PREFIX) as directory:
            tree = directory / "tree"
            self._must("worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
            try:
                yield tree / inside
            finally:
                # The directory goes in any case; this is about what git remembers of it.
                self._run("worktree", "remove", "--force", str(tree))

    def committed(self, matrix: Path) -> str:
        """Give the text of a matrix in `root` as it was committed last. Raises `InvalidFileError` where it never was, `UsageError` without any commit."""
        text = self.read("HEAD", matrix.name)
        if text is None:
            raise InvalidFileError(f"{matrix} is not committed", mend=f"git add {matrix.name}, then commit")
        return text

    def check_name(self, name: str) -> None:
        """Raise `UsageError` for what is no name of a branch."""
        if not self._run("check-ref-format", "--branch", name).ok:
            raise UsageError(f'"{name[:80]}" is no name for a branch', mend=f"give one such as {BRANCHES}3.7.3")

    def has(self, name: str) -> bool:
        """Whether there is such a branch."""
        return self._run("show-ref", "--verify", "--quiet", f"refs/heads/{name}").ok

    def proposes(self, name: str, matrix: Path, wanted: Sequence[Line]) -> bool:
        """Whether a branch has these lines just so in its matrix (a path of which only the name counts). Raises `InvalidFileError`."""
        text = self.read(f"refs/heads/{name}", matrix.name)
        lines = () if text is None else parse_matrix(text, matrix).lines
        return all(line in lines for line in wanted)

    def is_at(self, name: str, remote: str) -> bool:
        """Whether a remote had a branch just so when it was spoken with last."""
        there, here = (
            self._run("rev-parse", "--verify", "--quiet", ref)
            for ref in (f"refs/remotes/{remote}/{name}", f"refs/heads/{name}")
        )
        return there.ok and here.ok and there.stdout == here.stdout

    def make(self, name: str, commit: str) -> None:
        """Make a branch that ends in a commit. Raises `EnvironmentFailedError` where there is one of that name."""
        self._must("branch", "--no-track", name, commit)

    def push(self, name: str, remote: str) -> None:
        """Push a branch to a remote, never over something else. Raises `EnvironmentFailedError` with what git said."""
        self._must("push", "--quiet", "--", remote, f"refs/heads/{name}:refs/heads/{name}")


def name_of(proposals: Sequence[Proposal], prefix: str = BRANCHES) -> str:
    """Name a branch after what it proposes: `bump/3.7.3`, `bump/3.7-pip-19.0.3`, `bump/3.7.3-3.6.9`."""
    words = [
        one.release.release
        if one.release is not None
        else "-".join([one.line.name, *(f"{pin.name}-{pin.version}" for pin in one.pins)])
        for one in proposals
        if not one.empty
    ]
    return prefix + re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(words))[:100].rstrip(".-")
