"""Tags that lead to something newer than before."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for move in moves(subject, Fate.FORWARD):
        if move.now is not None:
            yield Spot(
                place=subject.at("lines", move.now.line.name),
                message=f"from {move.before.id} on to {move.now.id}: {move.shown}",
            )


CHECK = Check(
    code="T505",
    title="Tags stay on their image.",
    why="latest, 3 or alpine move on with a new line or suite; it is as well to see which do.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.NOTE,
    look=_look,
)
