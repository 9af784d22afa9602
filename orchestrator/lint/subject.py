"""What is checked: a matrix and everything that lies around it, each read once and only when a check asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from orchestrator.errors import InvalidFileError
from orchestrator.lint.positions import line_of_yaml, shown
from orchestrator.lint.rulebook import imaginary
from orchestrator.lint.templates import Templates
from orchestrator.matrix.document import MatrixDocument
from orchestrator.matrix.model import Image, Matrix
from orchestrator.matrix.places import line_and_column, offset_of
from orchestrator.recipe.recipe import Recipe, recipe_for
from orchestrator.recipe.rules import RULES, Rules, load_rules
from orchestrator.render.dockerfile import render, template_directories
from orchestrator.render.tree import Rendered, orphans
from orchestrator.system.files import read_text
from orchestrator.system.strict import Place, convert


def _never(_: Path) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A loaded matrix with its surroundings.

    `before` is the matrix that tags are compared with, None where there is none; `uncompared` then says why, and is empty where nobody wanted to
    compare. `today` decides what is at its end. `committed` tells whether git has a file just as it is.
    """

    matrix: Matrix
    today: date
    before: Matrix | None = None
    uncompared: str = ""
    committed: Callable[[Path], bool] = _never
    rules_directory: Path = RULES

    @cached_property
    def text(self) -> str:
        """The text of the matrix. Raises `InvalidFileError`."""
        return read_text(self.matrix.path, what="matrix")

    @cached_property
    def document(self) -> MatrixDocument:
        """The matrix as it is written, in its own order."""
        return convert(json.loads(self.text), MatrixDocument)

    @cached_property
    def rules(self) -> Rules | InvalidFileError:
        """The rules, or why they do not load."""
        try:
            return load_rules(self.rules_directory)
        except InvalidFileError as error:
            return error

    @cached_property
    def imaginary(self) -> tuple[Image, ...]:
        """Images that stand for all that any matrix could have; none where the rules do not load."""
        return () if isinstance(self.rules, InvalidFileError) else imaginary(self.rules, self.matrix)

    @cached_property
    def recipes(self) -> dict[str, Recipe | InvalidFileError]:
        """What the rules make of each image, by its id; empty where the rules do not load."""
        if isinstance(self.rules, InvalidFileError):
            return {}
        return {image.id: _recipe(image, self.rules) for image in self.matrix.images}

    @cached_property
    def rendered(self) -> dict[str, Rendered | InvalidFileError]:
        """What the templates make of each image that has a recipe, by its id."""
        directories = template_directories(self.matrix)
        found: dict[str, Rendered | InvalidFileError] = {}
        for recipe in self.recipes.values():
            if isinstance(recipe, Recipe):
                found[recipe.image.id] = _rendered(self.matrix, recipe, directories)
        return found

    @cached_property
    def orphans(self) -> tuple[Path, ...]:
        """Generated Dockerfiles that belong to no image."""
        return orphans(self.matrix)

    @cached_property
    def templates(self) -> Templates:
        """The templates, parsed."""
        return Templates.read(template_directories(self.matrix))

    def at(self, *place: str | int) -> str:
        """Say where something is in the matrix: `versions.json:43`."""
        line, _ = line_and_column(self.text, offset_of(self.text, place))
        return f"{shown(self.matrix.path)}:{line}"

    def in_rules(self, file: str, place: Place) -> str:
        """Say where something is in a file of rules: `orchestrator/recipe/rules/packages.yaml:12`."""
        path = self.rules_directory / file
        return f"{shown(path)}:{line_of_yaml(path, place)}"


def _recipe(image: Image, rules: Rules) -> Recipe | InvalidFileError:
    try:
        return recipe_for(image, rules)
    except InvalidFileError as error:
        return error


def _rendered(matrix: Matrix, recipe: Recipe, directories: tuple[Path, ...]) -> Rendered | InvalidFileError:
    directory = recipe.image.directory
    try:
        text = render(recipe, directories)
    except InvalidFileError as error:
        return error
    path = matrix.root / directory / "Dockerfile"
    return Rendered(image=recipe.image, path=path, shown=f"{directory}/Dockerfile", text=text)
