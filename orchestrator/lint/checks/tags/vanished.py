"""Tags that nothing leads any more."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, line_of, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for move in moves(subject, Fate.VANISHED):
        line = move.before.line.name
        there = line_of(subject.matrix, line) is not None
        yield Spot(
            place=subject.at("lines", line) if there else subject.at("lines"),
            message=f"{move.before.id} loses {move.shown}; nothing else takes over, and who uses them gets no update any more",
            mend=f"bring back what made them; if that is meant, say so: --ignore {CHECK.code}, or compare with --against none",
        )


CHECK = Check(
    code="T502",
    title="No tag vanishes.",
    why="A tag stays in the registry and goes on to be pulled, but is never built again: its users get no security fix and no word of it.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
