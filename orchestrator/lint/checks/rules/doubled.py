"""Rules that say the same of the same image."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import Entry, entries
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Image
from orchestrator.recipe.conditions import applies


def overlap(one: Entry, other: Entry, images: tuple[Image, ...]) -> Image | None:
    """Give an image that both rules apply to; None where there can be none."""
    return next(
        (
            image
            for image in images
            if applies(image, one.rule.when, one.rule.unless) and applies(image, other.rule.when, other.rule.unless)
        ),
        None,
    )


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    alike: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries(rules):
        # An image has one command, whatever it is called.
        about = "" if entry.kind == "command" else entry.name
        alike.setdefault((entry.kind, about, entry.role), []).append(entry)
    for found in alike.values():
        for first, second in combinations(found, 2):
            if (image := overlap(first, second, subject.imaginary)) is not None:
                yield Spot(
                    place=subject.in_rules(second.file, second.place),
                    message=f"{second.kind} {second.name}: the rule at {subject.in_rules(first.file, first.place)} applies to the same "
                    f"images, such as Python {image.line.name} with {image.variant.flavor} on {_suite(image)}",
                    mend="join the two, or change their conditions so that one of them applies",
                )


def _suite(image: Image) -> str:
    return "any other suite" if image.variant.suite.name == "unnamed" else image.variant.suite.name


CHECK = Check(
    code="R208",
    title="Of two rules about the same thing, one at most applies to an image.",
    why="Two rules give two reasons, and the one that is changed or removed may be the wrong one; of modules and commands only one may apply.",
    link="https://github.com/docker-library/official-images#clarity",
    level=Level.ERROR,
    look=_look,
)
