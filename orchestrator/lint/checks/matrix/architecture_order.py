"""Architectures of a suite, sorted."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Rewrite, Spot
from orchestrator.lint.ordering import list_in_order
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for name, suite in subject.document.suites.items():
        place = ("suites", name, "architectures")
        wanted = sorted(suite.architectures)
        if list(suite.architectures) != wanted:
            yield Spot(
                place=subject.at(*place),
                message=f"suites.{name}.architectures is not sorted",
                mend=f"write {', '.join(wanted)}",
                rewrite=Rewrite(path=subject.matrix.path, change=list_in_order(place, wanted)),
            )


CHECK = Check(
    code="M114",
    title="The architectures of a suite are sorted.",
    why="The library file has them sorted; a sorted list shows at once what is missing, and two people who add to it do not collide.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.WARNING,
    look=_look,
    mends=True,
)
