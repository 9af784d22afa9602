"""One of the two states that are compared, with everything resolved: recipes made by its rules, Dockerfiles by its templates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.matrix.model import Image, Matrix
from orchestrator.recipe.recipe import Recipe, recipe_for
from orchestrator.recipe.rules import Rules
from orchestrator.render.dockerfile import render, template_directories


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """An image as it is on one side: its recipe, and the text of its Dockerfile."""

    recipe: Recipe
    dockerfile: str

    @property
    def image(self) -> Image:
        """The image."""
        return self.recipe.image


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A state: `label` names it for people; `matrix` is None where there was none yet; `portraits` are its images in published order.

    `rules` identifies the text of the rules: another text means that images are proven again. Empty where both sides have the same rules.
    """

    label: str
    matrix: Matrix | None
    portraits: tuple[Portrait, ...]
    rules: str = ""


def side_of(
    matrix: Matrix | None,
    label: str,
    *,
    rules: Rules | None = None,
    directories: Sequence[Path] | None = None,
    identity: str = "",
) -> Side:
    """Resolve a state. Without `rules` and template `directories`, today's are taken.

    Raises `InvalidFileError` where matrix, rules and templates do not fit each other.
    """
    if matrix is None:
        return Side(label=label, matrix=None, portraits=(), rules=identity)
    templates = template_directories(matrix) if directories is None else directories
    recipes = [recipe_for(image, rules) for image in matrix.images]
    return Side(
        label=label,
        matrix=matrix,
        portraits=tuple(Portrait(recipe=recipe, dockerfile=render(recipe, templates)) for recipe in recipes),
        rules=identity,
    )


def identity_of(texts: Sequence[str]) -> str:
    """Identify texts of rules, in a fixed order: a sha256 (hex)."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
