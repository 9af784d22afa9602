"""Tags that lead to something older than before."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.bump.model import order
from orchestrator.lint.checks.tags.comparing import Fate, line_of, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for move in moves(subject, Fate.BACK):
        if move.now is not None:
            yield Spot(
                place=subject.at("lines", move.now.line.name),
                message=f"from {move.before.id} back to {move.now.id}: {move.shown}",
                mend="leave the tags on what is newer; if that is meant, say so: --ignore T503",
            )
    for line in subject.before.lines if subject.before is not None else ():
        now = line_of(subject.matrix, line.name)
        if now is not None and order(now.release) < order(line.release):
            yield Spot(
                place=subject.at("lines", line.name, "release"),
                message=f"{line.name} goes back from {line.release} to {now.release}, and its tags with it",
                mend=f"keep {line.release}, or bump to a newer release",
            )


CHECK = Check(
    code="T503",
    title="No tag goes back: to an older line, release or suite, or to another flavor.",
    why="Who pulls it again loses fixes, or finds another C library and other packages than there were.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
