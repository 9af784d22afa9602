"""A commit per bumped line, each of which holds the matrix and exactly the Dockerfiles that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from orchestrator.bump.lifetimes import lifetime_of
from orchestrator.bump.model import Proposal, Unsigned, Verified
from orchestrator.bump.writing import Draft, Step, write_step
from orchestrator.errors import EnvironmentFailedError, UsageError
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


def commit_steps(git: Git, found: Draft, today: date) -> tuple[Committed, ...]:
    """Write and commit a line after the other; after each the tree is whole, and its Dockerfiles are fresh.

    `git` has its root where the matrix is. Raises `UsageError` before anything is written where a file has changes of its own;
    `EnvironmentFailedError` where git refuses a commit: then what is written stays, and the error tells how to go on.
    """
    need_clean(git, [found.path.name, *(path for step in found.steps for path in step.paths)])
    done: list[Committed] = []
    expected = found.text
    for index, step in enumerate(found.steps):
        write_step(found.path, expected, step)
        expected = step.text
        paths = (found.path.name, *step.paths)
        try:
            commit = git.commit(paths, message_of(step.proposal, today))
        except EnvironmentFailedError as error:
            raise _refused(error, found.steps[index:], done) from None
        done.append(Committed(line=step.line.name, commit=commit, subject=subject_of(step.proposal)))
    return tuple(done)


def _refused(error: EnvironmentFailedError, left: Sequence[Step], done: Sequence[Committed]) -> EnvironmentFailedError:
    step, *rest = left
    told = f"{step.line.name} is written, but not committed: {error.message}"
    if done:
        told += f"\n  committed before: {', '.join(one.line for one in done)}"
    after = f", then 'orchestrator bump {' '.join(one.line.name for one in rest)} --commit'" if rest else ""
    return EnvironmentFailedError(
        told, mend=f"see to what git says, then: git commit -m '{subject_of(step.proposal)}'{after}"
    )


def _vouched(release: Verified | Unsigned) -> list[str]:
    # Of a pool its path: which mirror this machine asks is nothing that others can use.
    lines = [f"Source: {release.pool or release.origin}", f"sha256: {release.sha256}"]
    if isinstance(release, Verified):
        made = release.signature.made.astimezone(UTC)
        note = f"; {release.signature.note}" if release.signature.note else ""
        lines.append(f"Signed: {made:%Y-%m-%d %H:%M} UTC by {release.signature.fingerprint}{note}")
    else:
        lines.append("Signed: not checked")
    if any(release.seen.values()):
        lines.append("Newest: " + ", ".join(f"{place} {seen}" for place, seen in release.seen.items() if seen))
    return lines
