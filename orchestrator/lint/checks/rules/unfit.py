"""Images that the rules cannot make."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for image in subject.matrix.images:
        recipe = subject.recipes.get(image.id)
        if isinstance(recipe, InvalidFileError):
            named = recipe.message if image.id in recipe.message else f"{image.id}: {recipe.message}"
            yield Spot(place=subject.at("lines", image.line.name), message=named, mend=recipe.mend)


CHECK = Check(
    code="R210",
    title="The rules make a recipe for every image of the matrix.",
    why="An image without a command, with two rules for one module, or with a wheel that is not pinned cannot be rendered.",
    link="https://docs.docker.com/reference/dockerfile/#cmd",
    level=Level.ERROR,
    look=_look,
)
