"""Where a draft goes: into files, into commits, onto a branch, or nowhere."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from orchestrator.bump.branch import Branched, Branches, State, name_of
from orchestrator.bump.commits import Committed, commit_steps
from orchestrator.bump.writing import Draft, write_all
from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.pipeline.shielding import shielded

#: The name of a branch that is called after what it proposes.
BY_PROPOSAL = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a draft is delivered. `branch` is a name, `BY_PROPOSAL` or None; `push` the remote that it is pushed to. A dry run does nothing."""

    dry_run: bool = False
    commit: bool = False
    branch: str | None = None
    push: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """What was done: paths written, relative to the matrix's directory (none in a dry run), commits, the branch."""

    written: tuple[str, ...] = ()
    commits: tuple[Committed, ...] = ()
    branch: Branched | None = None


def deliver(found: Draft, way: Way, today: date, *, home: Path) -> Delivered:
    """Write a draft, and commit it if that is wanted. `home` is a directory in the repository; for a branch, the draft is in a worktree of it.

    Raises `UsageError` before anything is written where files have changes of their own, or where a branch of that name holds something else;
    `InvalidFileError`, `EnvironmentFailedError` as `commit_steps`.
    """
    if way.dry_run or not found.steps:
        return Delivered()
    paths = (found.path.name, *(path for step in found.steps for path in step.paths))
    if way.branch is not None:
        return Delivered(branch=_on_branch(found, way, today, Branches(root=home)))
    if way.commit:
        return Delivered(written=paths, commits=commit_steps(Branches(root=home), found, today))
    shielded(partial(write_all, found))
    return Delivered(written=paths)


def _on_branch(found: Draft, way: Way, today: date, home: Branches) -> Branched:
    name = way.branch or name_of([step.proposal for step in found.steps])
    home.check_name(name)
    if home.has(name):
        if not home.proposes(name, found.path, [step.line for step in found.steps]):
            raise UsageError(
                f"there is a branch {name}, which holds something else",
                mend=f"give another name with --branch, or 'git branch -D {name}'",
            )
        branched = Branched(name=name, state=State.THERE)
    else:
        there = Branches(root=found.path.parent)
        commits = commit_steps(there, found, today, kept=False)
        home.make(name, commits[-1].commit)
        branched = Branched(name=name, state=State.MADE, commits=commits)
    if way.push is None:
        return branched
    try:
        home.push(name, way.push)
    except EnvironmentFailedError as error:
        raise EnvironmentFailedError(
            f"the branch {name} is there, but not pushed: {error.message}",
            mend=f"see to what git says, then: git push {shlex.quote(way.push)} {shlex.quote(name)}",
        ) from None
    return Branched(name=name, state=branched.state, commits=branched.commits, pushed=way.push)
