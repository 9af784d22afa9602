"""The Alpine that the short tag means."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Family


def _look(subject: Subject) -> Iterator[Spot]:
    matrix = subject.matrix
    used = [image.variant.suite for image in matrix.images if image.variant.suite.family is Family.ALPINE]
    newest = max(used, key=lambda suite: suite.version, default=None)
    if newest is None or newest.name == matrix.default_alpine:
        return
    said = (
        "there is no default_alpine" if matrix.default_alpine is None else f"default_alpine is {matrix.default_alpine}"
    )
    yield Spot(
        place=subject.at("default_alpine"),
        message=f"{said}, and the newest Alpine that images are built on is {newest.name}",
        mend=f'set "default_alpine": "{newest.name}"',
    )


CHECK = Check(
    code="M106",
    title="default_alpine is the newest Alpine that is built.",
    why="The short tag alpine leads there, and who uses it expects what is newest.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.WARNING,
    look=_look,
)
