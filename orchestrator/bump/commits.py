"""A commit per bumped line, each of which holds the matrix and exactly the Dockerfiles that follow from it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial
from pathlib import Path, PurePath

from orchestrator.bump.model import Proposal, Unsigned, Verified
from orchestrator.bump.places.model import is_web
from orchestrator.bump.writing import Draft, Step, write_step
from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.lifetimes.lines import lifetime_of
from orchestrator.pipeline.shielding import shielded
from orchestrator.system.git import Git


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """A commit (hex) and the first line of its message."""

    line: str
    commit: str
    subject: str


def subject_of(proposal: Proposal) -> str:
    """Write the first line: `Update 3.7 to 3.7.3, pip 19.0.3`, or `Update pip of 3.7 to 19.0.3` where the release stays."""
    line, pins = proposal.line.name, [*proposal.pins]
    if proposal.release is not None:
        return ", ".join(
            [f"Update {line} to {proposal.release.release}", *(f"{pin.name} {pin.version}" for pin in pins)]
        )
    first, *rest = pins
    return ", ".join(
        [f"Update {first.name} of {line} to {first.version}", *(f"{pin.name} to {pin.version}" for pin in rest)]
    )


def message_of(proposal: Proposal, today: date) -> str:
    """Write the whole message: what was verified, by what, who else was asked, and the line's end of life."""
    paragraphs = [subject_of(proposal)]
    if proposal.release is not None:
        paragraphs.append("\n".join(_vouched(proposal.release)))
    if proposal.pins:
        paragraphs.append("\n".join(f"{pin.name} {pin.version}: sha256 {pin.sha256}" for pin in proposal.pins))
    lifetime = lifetime_of(proposal.line.name)
    if lifetime is not None and lifetime.over(today):
        paragraphs.append(f"{lifetime.told(today)}.")
    return "\n\n".join(paragraphs) + "\n"


def need_clean(git: Git, paths: Sequence[str]) -> None:
    """Raise `UsageError` where one of these files has changes that are not committed: they would get into the commit of a bump."""
    changed = git.changed(paths)
    if changed:
        raise UsageError(
            f"not committed yet: {', '.join(changed)}",
            mend="commit or undo that first, or leave --commit away (--branch leaves the files here alone)",
        )


def commit_steps(git: Git, found: Draft, today: date, *, kept: bool = True) -> tuple[Committed, ...]:
    """Write and commit a line after the other; after each the tree is whole, and its Dockerfiles are fresh. Ctrl-C waits for a line's end.

    `git` has its root where the matrix is; `kept` says whether that directory outlives this call. Raises `UsageError` before anything is written where a
    file has changes of its own; `EnvironmentFailedError` where git refuses a commit: then what is written stays, and the error tells how to go on.
    """
    need_clean(git, [found.path.name, *(path for step in found.steps for path in step.paths)])
    done: list[Committed] = []
    expected = found.text
    for index, step in enumerate(found.steps):
        try:
            commit = shielded(partial(_commit, git, found.path, expected, step, message_of(step.proposal, today)))
        except _NotCommittedError as error:
            if not kept:
                raise EnvironmentFailedError(
                    f"{step.line.name} cannot be committed: {error.message}",
                    mend="see to what git says, then run the same again",
                ) from None
            raise _refused(error, git, found, index) from None
        expected = step.text
        done.append(Committed(line=step.line.name, commit=commit, subject=subject_of(step.proposal)))
    return tuple(done)


class _NotCommittedError(EnvironmentFailedError):
    """Files are written, and git refused to commit them."""


def _commit(git: Git, path: Path, expected: str, step: Step, message: str) -> str:
    write_step(path, expected, step)
    try:
        return git.commit((path.name, *step.paths), message)
    except EnvironmentFailedError as error:
        raise _NotCommittedError(error.message, mend=error.mend) from None


def _refused(error: EnvironmentFailedError, git: Git, found: Draft, index: int) -> EnvironmentFailedError:
    before, step, rest = found.steps[:index], found.steps[index], found.steps[index + 1 :]
    told = f"{step.line.name} is written, but not committed: {error.message}"
    if before:
        told += f"\n  committed before: {', '.join(one.line.name for one in before)}"
    # With the paths: whatever else is staged is no part of it.
    where = () if git.root.resolve() == Path.cwd() else ("-C", str(git.root))
    words = ("git", *where, "commit", "-m", subject_of(step.proposal), "--", found.path.name, *step.paths)
    after = f", then 'orchestrator bump {' '.join(one.line.name for one in rest)} --commit'" if rest else ""
    return EnvironmentFailedError(told, mend=f"see to what git says, then: {shlex.join(words)}{after}")


def _vouched(release: Verified | Unsigned) -> list[str]:
    # Of a pool its path, of a directory here the file's name: which mirror this machine asks, and how it is arranged, is nothing that others can use.
    origin = release.origin if is_web(release.origin) else PurePath(release.origin).name
    lines = [f"Source: {release.pool or origin}", f"sha256: {release.sha256}"]
    if isinstance(release, Verified):
        made = release.signature.made.astimezone(UTC)
        note = f"; {release.signature.note}" if release.signature.note else ""
        lines.append(f"Signed: {made:%Y-%m-%d %H:%M} UTC by {release.signature.fingerprint}{note}")
    else:
        lines.append("Signed: not checked")
    if any(release.seen.values()):
        lines.append("Newest: " + ", ".join(f"{place} {seen}" for place, seen in release.seen.items() if seen))
    return lines
