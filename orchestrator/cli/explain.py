"""`orchestrator explain`: the recipe of one image, and the reason of each part."""

from __future__ import annotations

import click

from orchestrator.cli.options import Common, common, emit, emit_json
from orchestrator.completion import values


# A flag of a recipe is a WORD, not an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("image", shell_complete=values.images)
@click.argument("word", required=False, shell_complete=values.recipe_words)
@common
def command(told: Common, image: str, word: str | None) -> None:
    """Show the recipe of IMAGE (3.5-alpine3.8 or 3.5/alpine3.8), or why one WORD of it is there, or is not.

    Examples: orchestrator explain 3.7/stretch/slim; orchestrator explain 3.5/alpine3.8 openssl-dev
    """
    from orchestrator.recipe.explain import describe, why  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.recipe.recipe import recipe_for  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.select import select_image  # noqa: PLC0415 - --help must not wait for it

    recipe = recipe_for(select_image(told.matrix(), image))
    if word is not None:
        answers = why(recipe, word)
        if told.json:
            emit_json({"image": recipe.image.id, "word": word, "answers": answers})
        else:
            emit("\n".join(answers))
        return
    description = describe(recipe)
    if told.json:
        emit_json(description)
        return
    reasons = description.pop("reasons")
    emit(
        f"{recipe.image.id} ({recipe.image.line.release}) from {recipe.image.variant.base}, in {recipe.image.directory}/Dockerfile"
    )
    for name, reason in reasons.items():
        emit(f"  {name}\n      {reason}")
