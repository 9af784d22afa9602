"""Enabled architectures that nothing is built for."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.architectures.lacking import nowhere
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    names = [one.name for one in subject.matrix.enabled]
    for name in nowhere(subject):
        yield Spot(
            place=subject.at("enabled_architectures", names.index(name)),
            message=f"{name} is enabled, and no base of any image exists for it: nothing is built",
            mend="add it to the architectures of the suites whose bases exist for it, or do not enable it",
        )


CHECK = Check(
    code="A402",
    title="Something is built for every architecture that is enabled.",
    why="An architecture without any base is enabled by mistake, or misspelt in the suites.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.ERROR,
    look=_look,
)
