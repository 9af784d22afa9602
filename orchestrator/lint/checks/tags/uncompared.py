"""Tags that could not be compared with those before."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    if subject.before is None and subject.uncompared:
        yield Spot(
            place=shown(subject.matrix.path),
            message=f"tags were not compared with those before: {subject.uncompared}",
        )


CHECK = Check(
    code="T508",
    title="Tags can be compared with those of the commit before.",
    why="Outside git, and for a matrix that is not committed yet, nobody can tell whether a tag vanishes.",
    link="https://git-scm.com/docs/gitrevisions",
    level=Level.NOTE,
    look=_look,
)
