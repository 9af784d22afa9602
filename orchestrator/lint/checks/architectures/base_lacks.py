"""Architectures that a base is said to have and does not."""

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
    platforms = {one.name: normalise(str(one.platform)) for one in subject.matrix.known}
    found = outside.platforms(base for _, _, base in bases(subject))
    for suite, _, base in bases(subject):
        there = found[base]
        lacking = [name for name in suite.architectures if there and platforms[name] not in there]
        if lacking:
            yield Spot(
                place=subject.at("suites", suite.name, "architectures"),
                message=f"{base} does not exist for {', '.join(lacking)}",
                mend=f"take {'it' if len(lacking) == 1 else 'them'} out of suites.{suite.name}.architectures",
            )


CHECK = Check(
    code="A404",
    title="Bases exist for all architectures that their suite names.",
    why="The library file promises these architectures, and a build for one of them fails at FROM.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.ERROR,
    ask=_ask,
)
