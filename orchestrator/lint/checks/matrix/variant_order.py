"""Variants in the order that they are published in."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Rewrite, Spot
from orchestrator.lint.ordering import list_in_order
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    published: dict[str, list[str]] = {}
    for image in subject.matrix.images:
        published.setdefault(image.line.name, []).append(image.variant.name)
    for line in subject.matrix.lines:
        written = list(subject.document.lines[line.name].variants)
        wanted = published[line.name]
        place = ("lines", line.name, "variants")
        if written != wanted:
            yield Spot(
                place=subject.at(*place),
                message=f"the variants of {line.name} stand in the order {', '.join(written)}",
                mend=f"in published order: {', '.join(wanted)}",
                rewrite=Rewrite(path=subject.matrix.path, change=list_in_order(place, wanted)),
            )


CHECK = Check(
    code="M113",
    title="Variants stand in published order: the default suite first, slim after full, Alpine last and newest first.",
    why="Lists are published so whatever the order here; a file in the same order can be compared with them by eye.",
    link="https://github.com/docker-library/official-images#library-definition-files",
    level=Level.WARNING,
    look=_look,
    mends=True,
)
