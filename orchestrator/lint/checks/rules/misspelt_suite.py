"""Suites in conditions that look misspelt."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.rules.absent_suite import meant, undeclared
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for name, found in undeclared(subject).items():
        if likely := meant(subject, name):
            for entry, place in found:
                yield Spot(
                    place=subject.in_rules(entry.file, (*place, "suite")),
                    message=f"{entry.kind} {entry.name}: there is no suite {name}",
                    mend=f'did you mean "{likely}"?',
                )


CHECK = Check(
    code="R207",
    title="Suites in conditions are not misspelt.",
    why="A rule for strech never applies, and nothing else says so.",
    link="https://www.debian.org/releases/",
    level=Level.ERROR,
    look=_look,
)
