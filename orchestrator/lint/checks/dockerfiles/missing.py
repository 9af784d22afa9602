"""Dockerfiles that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.dockerfiles.stale import rendering, unequal
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for one, there in unequal(subject):
        if there is None:
            yield Spot(
                place=shown(one.path),
                message=f"the Dockerfile of {one.image.id} is missing",
                mend="run 'orchestrator render' and commit what it writes",
                rewrite=rendering(one),
            )


CHECK = Check(
    code="D302",
    title="Every image has its Dockerfile.",
    why="The library file and the descriptions link to the Dockerfile of each image.",
    link="https://github.com/docker-library/official-images#library-definition-files",
    level=Level.ERROR,
    look=_look,
    mends=True,
)
