"""Rules that do not load."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.checks.rules.raw import raw_rules
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError) and not any(one.unreasoned or one.insecure for one in raw_rules(subject)):
        place, _, message = rules.message.partition(": ")
        yield Spot(place=place, message=message or rules.message, mend=rules.mend)


CHECK = Check(
    code="R201",
    title="The rules load.",
    why="Without rules there is no recipe, and no Dockerfile can be rendered or compared.",
    link="https://yaml.org/spec/1.2.2/",
    level=Level.ERROR,
    look=_look,
)
