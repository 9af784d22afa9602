"""Lines at their end that were taken out."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed
from orchestrator.report.wording import count


def _look(subject: Subject) -> Iterator[Spot]:
    left: dict[str, list[str]] = {}
    for move in moves(subject, Fate.RETIRED):
        left.setdefault(move.before.line.name, []).extend(move.tags)
    for line, tags in left.items():
        yield Spot(
            place=subject.at("lines"),
            message=f"{line}, which is at its end of life, is taken out: {count(len(tags), 'tag')} will not be built again: {listed(tags)}",
            mend="say so in the description; nothing else is to be done",
        )


CHECK = Check(
    code="T507",
    title="Lines stay while somebody uses their tags.",
    why="That a line at its end of life goes is in order, but its users are to know.",
    link="https://devguide.python.org/versions/",
    level=Level.WARNING,
    look=_look,
)
