"""Conditions that no image could ever meet."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import entries, single
from orchestrator.lint.subject import Subject
from orchestrator.recipe.conditions import applies


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    for entry in entries(rules):
        dead = [
            (place, one)
            for place, condition in entry.conditions
            for one in single(condition)
            if not any(one.holds(image) for image in subject.imaginary)
        ]
        for place, one in dead:
            yield Spot(
                place=subject.in_rules(entry.file, place),
                message=f"{entry.kind} {entry.name}: no image can ever be: {one}",
                mend="correct the condition, or remove it",
            )
        if not dead and not any(applies(image, entry.rule.when, entry.rule.unless) for image in subject.imaginary):
            yield Spot(
                place=subject.in_rules(entry.file, entry.place),
                message=f"{entry.kind} {entry.name}: its 'unless' takes away all that its 'when' allows",
                mend="correct one of the two, or remove the rule",
            )


CHECK = Check(
    code="R204",
    title="Every condition of a rule can be met by some image of some matrix.",
    why="A contradiction (Alpine with the family debian, a Python 2.9) makes a rule that is never used, and looks as if it were.",
    link="https://peps.python.org/pep-0404/",
    level=Level.ERROR,
    look=_look,
)
