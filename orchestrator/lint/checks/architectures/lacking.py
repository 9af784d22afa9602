"""Enabled architectures that some bases lack."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed
from orchestrator.report.wording import count


def nowhere(subject: Subject) -> tuple[str, ...]:
    """Name the enabled architectures that no suite in use has."""
    had = {name for image in subject.matrix.images for name in image.variant.suite.architectures}
    return tuple(one.name for one in subject.matrix.enabled if one.name not in had)


def _look(subject: Subject) -> Iterator[Spot]:
    without = nowhere(subject)
    for suite in subject.matrix.suites:
        lacking = [one.name for one in subject.matrix.enabled if one.name not in (*suite.architectures, *without)]
        images = [image.id for image in subject.matrix.images if image.variant.suite == suite]
        if lacking and images:
            yield Spot(
                place=subject.at("suites", suite.name, "architectures"),
                message=f"suites.{suite.name}: its base does not exist for {', '.join(lacking)}, so {count(len(images), 'image')} "
                f"{'is' if len(images) == 1 else 'are'} not built there: {listed(images)}",
            )


CHECK = Check(
    code="A401",
    title="Bases exist for every architecture that is enabled.",
    why="Where a base is lacking, the image is lacking, too, and its index has one architecture less than its neighbours'.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.WARNING,
    look=_look,
)
