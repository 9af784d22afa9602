"""Suites that are accepted although they have left the mirrors."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.recipe.recipe import Recipe


def _look(subject: Subject) -> Iterator[Spot]:
    for suite in subject.matrix.suites:
        recipes = [
            one for one in subject.recipes.values() if isinstance(one, Recipe) and one.image.variant.suite == suite
        ]
        for step in recipes[0].steps if recipes and suite.archived else ():
            if step.text == "archived-suite":
                yield Spot(
                    place=subject.at("suites", suite.name, "archived"), message=f"suites.{suite.name}: {step.reason}"
                )


CHECK = Check(
    code="M115",
    title="No suite is taken from an archive without the usual checks.",
    why="An archived suite is accepted on purpose, with a weaker check of its packages; that should not be forgotten.",
    link="https://www.debian.org/distrib/archive",
    level=Level.NOTE,
    look=_look,
)
