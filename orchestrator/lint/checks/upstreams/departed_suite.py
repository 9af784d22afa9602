"""Suites that are known to have left the mirrors, and are not marked so."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lifetimes.suites import release_of
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for suite in subject.matrix.suites:
        known = release_of(suite.name)
        if known is not None and known.left and not suite.archived:
            yield Spot(
                place=subject.at("suites", suite.name),
                message=f"suites.{suite.name}: {suite.name} has left the mirrors for the archive, and is not marked as archived",
                mend='add "archived": true',
            )


CHECK = Check(
    code="U605",
    title="Suites that have left the mirrors are marked as archived.",
    why="Their images name addresses that answer 404: the first apt-get update fails.",
    link="https://www.debian.org/distrib/archive",
    level=Level.ERROR,
    look=_look,
)
