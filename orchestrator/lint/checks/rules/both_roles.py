"""Packages that both stay and go."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.checks.rules.doubled import overlap
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import entries
from orchestrator.lint.subject import Subject
from orchestrator.recipe.rules import Role


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    packages = [entry for entry in entries(rules) if entry.kind == "package"]
    for kept in (entry for entry in packages if entry.role is Role.RUNTIME):
        for built in (entry for entry in packages if entry.role is Role.BUILD and entry.name == kept.name):
            if (image := overlap(kept, built, subject.imaginary)) is not None:
                yield Spot(
                    place=subject.in_rules(built.file, built.place),
                    message=f"package {built.name} is for the build here, and stays by the rule at {subject.in_rules(kept.file, kept.place)}, "
                    f"both in images such as Python {image.line.name} with {image.variant.flavor}",
                    mend="keep the rule with role: runtime, whose packages are there for the build, too",
                )


CHECK = Check(
    code="R209",
    title="A package is for the build only, or stays; not both in the same image.",
    why="What stays is there for the build as well: the second rule does nothing, and 'orchestrator explain' gives the wrong reason.",
    link="https://docs.docker.com/build/building/multi-stage/",
    level=Level.ERROR,
    look=_look,
)
