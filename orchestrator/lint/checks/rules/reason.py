"""Rules without a reason."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.rules.raw import raw_rules
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for rule in raw_rules(subject):
        if rule.unreasoned:
            yield Spot(
                place=subject.in_rules(rule.file, rule.place),
                message=f"this rule has no {' and no '.join(rule.missing)}",
                mend="say in a sentence why it is there (why), and where one can read about it (link)",
            )


CHECK = Check(
    code="R202",
    title="Every rule says why, and has a link.",
    why="A package that nobody knows the reason of can never be removed again.",
    link="https://github.com/docker-library/official-images#clarity",
    level=Level.ERROR,
    look=_look,
)
