"""The answer to "why is this in the image?", and to "why is it not?"."""

from __future__ import annotations

from typing import Any

from orchestrator.errors import UsageError
from orchestrator.recipe.conditions import spoken
from orchestrator.recipe.recipe import Recipe
from orchestrator.recipe.rules import Rules, load_rules
from orchestrator.system.strict import did_you_mean


def describe(recipe: Recipe) -> dict[str, Any]:
    """Give the public JSON form of a recipe."""
    image = recipe.image
    line = image.line
    return {
        "directory": image.directory,
        "from": image.variant.base,
        "env": {variable.name: variable.text for variable in recipe.environment},
        "build_packages": [part.text for part in recipe.build_packages],
        "runtime_packages": [part.text for part in recipe.runtime_packages],
        "configure_flags": [part.text for part in recipe.configure_flags],
        "make_flags": [part.text for part in recipe.make_flags],
        "cmd": list(recipe.command),
        "symlinks": {link.name: link.text for link in recipe.symlinks},
        "release": line.release,
        "pip": line.pip.version,
        "setuptools": line.setuptools.version,
        "wheel": line.wheel.version,
        "gpg_key": line.gpg_key,
        "source": {"url": line.source.url, "sha256": line.source.sha256},
        "reasons": recipe.reasons,
    }


def why(recipe: Recipe, word: str, rules: Rules | None = None) -> list[str]:
    """Say why a part is in the image, or why it is not although some image has it.

    Raises `UsageError` for a word that no rule knows.
    """
    rules = load_rules() if rules is None else rules
    # Modules have no place in the public JSON form, but a reason like every part.
    reasons = [*recipe.reasons.items(), *((module.text, module.reason) for module in recipe.modules)]
    found = [f"{name}: {reason}" for name, reason in reasons if _means(name, word)]
    if found:
        return found
    elsewhere = [
        f"{name} is not part of {recipe.image.id}. It is for: {when}. {text} {link}"
        for name, when, text, link in _all_rules(rules)
        if _means(name, word)
    ]
    if elsewhere:
        return elsewhere
    raise UsageError(
        f'nothing in {recipe.image.id} is called "{word}", and no rule knows it',
        mend=did_you_mean(word, [name for name, _ in reasons]),
    )


def _means(name: str, word: str) -> bool:
    return word == name or (word.startswith("--") and name.startswith(f"{word}=")) or name.startswith(f"{word}=")


def _all_rules(rules: Rules) -> list[tuple[str, str, str, str]]:
    named = [
        *((rule.package, rule) for rule in rules.packages),
        *((rule.flag, rule) for rule in (*rules.configure, *rules.make)),
        *((rule.name, rule) for rule in rules.environment),
        *((rule.name, rule) for rule in rules.result.symlinks),
        *((rule.name, rule) for rule in rules.result.wheels),
        *((rule.step, rule) for rule in rules.steps),
        *((rule.module, rule) for rule in rules.modules),
    ]
    return [
        (
            name,
            spoken(rule.when) + (f"; but not for: {spoken(rule.unless)}" if rule.unless is not None else ""),
            rule.why,
            rule.link,
        )
        for name, rule in named
    ]
