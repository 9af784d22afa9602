"""Variants that a suite offers and no line is built on."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Variant


def _look(subject: Subject) -> Iterator[Spot]:
    built = {image.variant.name for image in subject.matrix.images}
    used = {image.variant.suite.name for image in subject.matrix.images}
    for suite in subject.matrix.suites:
        if suite.name not in used:
            continue  # M101 tells that
        for flavor in suite.bases:
            name = Variant(suite=suite, flavor=flavor).name
            if name not in built:
                yield Spot(
                    place=subject.at("suites", suite.name, "bases", flavor.value),
                    message=f"suites.{suite.name}.bases.{flavor}: no line is built on the variant {name}",
                    mend=f'add "{name}" to the variants of a line, or remove this base',
                )


CHECK = Check(
    code="M102",
    title="Every variant that a suite offers is built by some line.",
    why="A base that nothing starts from says that there are images which are not there.",
    link="https://github.com/docker-library/official-images#readme",
    level=Level.WARNING,
    look=_look,
)
