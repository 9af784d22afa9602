"""Suites that their distribution maintains no longer."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lifetimes.suites import release_of
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for suite in subject.matrix.suites:
        known = release_of(suite.name)
        if known is not None and known.over(subject.today):
            yield Spot(
                place=subject.at("suites", suite.name),
                message=f"{suite.name} has been at its end of life since {known.end.isoformat()}",
            )


CHECK = Check(
    code="M109",
    title="Suites are maintained by their distribution.",
    why="Packages of a suite that is at its end get no security fixes any more, and so do not the images.",
    link="https://wiki.debian.org/LTS",
    level=Level.NOTE,
    look=_look,
)
