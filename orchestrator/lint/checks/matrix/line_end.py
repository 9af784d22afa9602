"""Lines that upstream maintains no longer."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lifetimes.lines import lifetime_of
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for line in subject.matrix.lines:
        known = lifetime_of(line.name)
        if known is not None and known.over(subject.today):
            yield Spot(place=subject.at("lines", line.name), message=known.told(subject.today))


CHECK = Check(
    code="M108",
    title="Lines are maintained upstream.",
    why="Nobody mends security holes in a line that is at its end; that it is still built should be a decision.",
    link="https://devguide.python.org/versions/",
    level=Level.NOTE,
    look=_look,
)
