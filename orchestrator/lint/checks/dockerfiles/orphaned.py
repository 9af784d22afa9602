"""Dockerfiles that belong to no image any more."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Rewrite, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for path in subject.orphans:
        # What git has just as it is can be had back.
        safe = subject.committed(path)
        yield Spot(
            place=shown(path),
            message="it belongs to no image of the matrix",
            mend="remove it"
            if safe
            else "look whether it is still needed (git does not have it as it is), then remove it",
            rewrite=Rewrite(path=path, change=lambda _: None) if safe else None,
        )


CHECK = Check(
    code="D303",
    title="No generated Dockerfile belongs to no image.",
    why="It is built by nobody, and whoever finds it takes it for one that is.",
    link="https://github.com/docker-library/official-images#library-definition-files",
    level=Level.ERROR,
    look=_look,
    mends=True,
)
