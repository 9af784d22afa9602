"""From a recipe to the text of its Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.recipe import Recipe

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
    try:
        template = _environment(tuple(directories)).get_template(name)
        text = template.render(
            recipe=recipe,
            image=recipe.image,
            line=recipe.image.line,
            suite=recipe.image.variant.suite,
            before_release=names.index(_FIRST_OF_RELEASE) if _FIRST_OF_RELEASE in names else len(names),
        )
    except TemplateNotFound as error:
        raise InvalidFileError(
            f"{error.name}: there is no such template in {', '.join(map(str, directories)) or TEMPLATES}",
            mend=f"restore it from version control, or add the template that {recipe.image.id} needs",
        ) from None
    except TemplateSyntaxError as error:
        raise InvalidFileError(
            f"{error.filename}:{error.lineno}: {error.message}", mend="correct the template's syntax"
        ) from None
    except TemplateError as error:
        raise InvalidFileError(
            f"{_place_of(error, name)}: {error.message} (for {recipe.image.id})",
            mend="use only what recipe, image, line and suite offer",
        ) from None
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


@cache
def _environment(directories: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(directories),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _place_of(error: BaseException, name: str) -> str:
    """Find the innermost template line in a traceback: Jinja2 maps its frames back to the templates."""
    place = name
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.endswith(".j2"):
            place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place
