"""Suites that nothing is built on."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    used = {image.variant.suite.name for image in subject.matrix.images}
    for suite in subject.matrix.suites:
        if suite.name not in used:
            yield Spot(
                place=subject.at("suites", suite.name),
                message=f"suites.{suite.name}: no image is built on it",
                mend="name one of its variants in a line, or remove the suite",
            )


CHECK = Check(
    code="M101",
    title="Every suite is used.",
    why="A suite that no variant uses is left over, or a line was forgotten when it was added.",
    link="https://github.com/docker-library/official-images#readme",
    level=Level.WARNING,
    look=_look,
)
