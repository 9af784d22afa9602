"""What a night does with releases that are new: a branch with the bump of each, for somebody to look at and merge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from orchestrator.bump.branch import Branches, State
from orchestrator.bump.delivering import Way, deliver
from orchestrator.bump.model import Part, Proposal, order
from orchestrator.bump.proposing import Failed, Proposer, Wish
from orchestrator.bump.releases import NewRelease
from orchestrator.bump.writing import draft
from orchestrator.config.settings import Proposals
from orchestrator.errors import OrchestratorError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Line, Matrix
from orchestrator.system.files import read_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """A release on a branch; `made` tells whether this night made it, `pushed` which remote has it, if any."""

    line: str
    release: str
    branch: str
    made: bool
    pushed: str | None = None

    def __str__(self) -> str:
        state = "is proposed" if self.made else "was proposed before"
        pushed = f", pushed to {self.pushed}" if self.pushed else ""
        return f"{self.line}: {self.release} {state} on branch {self.branch}{pushed}"


@dataclass(kw_only=True)
class Proposing:
    """Makes the branches. Whatever goes wrong with one is a note: a night does not fail for it."""

    matrix: Matrix
    wanted: Proposals
    proposer: Proposer
    notes: list[str] = field(default_factory=list)

    def propose(self, releases: Sequence[NewRelease]) -> tuple[Proposed, ...]:
        """Propose what is newer than the last commit has; what is on a branch already is not fetched again."""
        done: list[Proposed] = []
        try:
            lines = self._committed()
            new = [
                lines[one.line]
                for one in releases
                if one.line in lines
                and order(one.release) > order(lines[one.line].release)
                and not self._there(one, done)
            ]
            for found in self.proposer.propose(new, Wish(parts=frozenset({Part.RELEASE}))):
                self._settle(found, done)
        except (OrchestratorError, OSError) as error:
            self._note("new releases are not proposed", error)
        return tuple(done)

    @property
    def _home(self) -> Branches:
        return Branches(root=self.matrix.root)

    def _committed(self) -> dict[str, Line]:
        """Give the lines as they were committed last: from there a branch begins."""
        path = self.matrix.path
        return {line.name: line for line in parse_matrix(self._home.committed(path), path).lines}

    def _there(self, release: NewRelease, done: list[Proposed]) -> bool:
        name = self.wanted.branch + release.release
        if not self._home.has(name):
            return False
        text = self._home.read(f"refs/heads/{name}", self.matrix.path.name)
        lines = () if text is None else parse_matrix(text, self.matrix.path).lines
        if any(line.name == release.line and line.release == release.release for line in lines):
            done.append(self._pushed(Proposed(line=release.line, release=release.release, branch=name, made=False)))
        else:
            self.notes.append(f"{release.release} is not proposed: the branch {name} holds something else")
        return True

    def _settle(self, found: Proposal | Failed, done: list[Proposed]) -> None:
        line = found.line.name
        if isinstance(found, Failed):
            self._note(f"{line} is not bumped", found.error)
            return
        if found.release is None:
            return
        name = self.wanted.branch + found.release.release
        home = self._home
        try:
            with home.worktree() as root:
                path = root / self.matrix.path.name
                work = draft(path, read_text(path, what="matrix"), [found])
                done_now = deliver(work, Way(branch=name), datetime.now(UTC).date(), home=self.matrix.root)
        except (OrchestratorError, OSError) as error:
            self._note(f"{line}: {found.release.release} is not proposed", error)
            return
        # The site's page may have named another release, which is not complete; what is may have been proposed before.
        made = done_now.branch is not None and done_now.branch.state is State.MADE
        done.append(self._pushed(Proposed(line=line, release=found.release.release, branch=name, made=made)))

    def _pushed(self, one: Proposed) -> Proposed:
        """Push a branch, unless the remote had it the last time that anybody spoke with it."""
        remote = self.wanted.push
        if remote is None:
            return one
        try:
            if not self._home.is_at(one.branch, remote):
                self._home.push(one.branch, remote)
        except (OrchestratorError, OSError) as error:
            self._note(f"{one.branch} is not pushed", error)
            return one
        return Proposed(line=one.line, release=one.release, branch=one.branch, made=one.made, pushed=remote)

    def _note(self, what: str, error: OrchestratorError | OSError) -> None:
        said = error.message if isinstance(error, OrchestratorError) else str(error)
        self.notes.append(re.sub(r"\s*\n\s*", "; ", f"{what}: {said}"))
