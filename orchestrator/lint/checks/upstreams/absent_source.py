"""Sources that are not where the matrix says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    found = outside.there(line.source.url for line in subject.matrix.lines)
    for line in subject.matrix.lines:
        if found[line.source.url] is False:
            yield Spot(
                place=subject.at("lines", line.name, "release"),
                message=f"the source of {line.release} is not at {line.source.url}",
                mend="check release and format of the line, and release_site",
            )


CHECK = Check(
    code="U610",
    title="The source of every line is where the matrix says.",
    why="Without it nothing can be built by those who have not fetched it before.",
    link="https://www.python.org/downloads/source/",
    level=Level.ERROR,
    ask=_ask,
)
