"""From a recipe to the text of its Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from orchestrator.matrix.model import Matrix
from orchestrator.recipe.recipe import Recipe
from orchestrator.render.templates import environment, template_errors

TEMPLATES = "dockerfile-templates"

#: Variables from here on change with every release; before the compiling stage they would throw its cache away.
_FIRST_OF_RELEASE = "GPG_KEY"


def template_directories(matrix: Matrix) -> tuple[Path, ...]:
    """Where templates are looked for: beside the matrix, in the checkout, in the installed package; in this order."""
    package = Path(__file__).resolve().parents[1]
    candidates = (matrix.root / TEMPLATES, package.parent / TEMPLATES, package / TEMPLATES)
    return tuple(directory for directory in candidates if directory.is_dir())


def render(recipe: Recipe, directories: Sequence[Path]) -> str:
    """Fill in the template that is named like the image's flavor.

    Raises `InvalidFileError` naming the template and the line where it is wrong.
    """
    name = f"{recipe.image.variant.flavor}.Dockerfile.j2"
    names = [variable.name for variable in recipe.environment]
    with template_errors(
        name,
        directories,
        about=recipe.image.id,
        missing=f"restore it from version control, or add the template that {recipe.image.id} needs",
        offered="use only what recipe, image, line and suite offer",
    ):
        text = (
            environment(tuple(directories))
            .get_template(name)
            .render(
                recipe=recipe,
                image=recipe.image,
                line=recipe.image.line,
                suite=recipe.image.variant.suite,
                before_release=names.index(_FIRST_OF_RELEASE) if _FIRST_OF_RELEASE in names else len(names),
            )
        )
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"
