"""Tags of a full release that now mean another distribution."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for move in moves(subject, Fate.REPLACED):
        if move.now is not None:
            yield Spot(
                place=subject.at("lines", move.now.line.name),
                message=f"tags of the full release {move.before.line.release} go from {move.before.variant.name} to "
                f"{move.now.variant.name}: {move.shown}",
                mend="change the default together with the next release, or accept it",
            )


CHECK = Check(
    code="T504",
    title="A tag of a full release stays on its distribution.",
    why="Who writes 3.7.2-slim wants nothing to change but fixes; another distribution under the same tag is more than that.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.WARNING,
    look=_look,
)
