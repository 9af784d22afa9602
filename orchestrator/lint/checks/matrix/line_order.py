"""Lines in the order that they are published in."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Rewrite, Spot
from orchestrator.lint.ordering import members_in_order
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    written = list(subject.document.lines)
    wanted = [line.name for line in subject.matrix.lines]
    if written != wanted:
        yield Spot(
            place=subject.at("lines"),
            message=f"lines stand in the order {', '.join(written)}",
            mend=f"newest first: {', '.join(wanted)}",
            rewrite=Rewrite(path=subject.matrix.path, change=members_in_order(("lines",), wanted)),
        )


CHECK = Check(
    code="M112",
    title="Lines stand in published order, newest first.",
    why="Lists are published so whatever the order here; a file in the same order can be compared with them by eye.",
    link="https://github.com/docker-library/official-images#library-definition-files",
    level=Level.WARNING,
    look=_look,
    mends=True,
)
