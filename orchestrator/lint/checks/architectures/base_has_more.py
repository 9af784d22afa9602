"""Architectures that a base has besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.checks.architectures.absent_base import bases
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.platforms import normalise

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    names = {normalise(str(one.platform)): one.name for one in subject.matrix.known}
    found = outside.platforms(base for _, _, base in bases(subject))
    for suite in subject.matrix.suites:
        of_suite = [found[base] or frozenset() for one, _, base in bases(subject) if one == suite]
        # Of a suite with several bases an architecture is one only where all of them have it.
        common = frozenset.intersection(*of_suite) if of_suite else frozenset[str]()
        more = sorted(names.get(one, one) for one in common if names.get(one) not in suite.architectures)
        if more:
            yield Spot(
                place=subject.at("suites", suite.name, "architectures"),
                message=f"the bases of suites.{suite.name} exist for {', '.join(more)}, too",
                mend="add what is to be named in the library file",
            )


CHECK = Check(
    code="A405",
    title="A suite names all architectures that its bases exist for.",
    why="The library file lists them all; what it does not list is not built for anybody.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.NOTE,
    ask=_ask,
)
