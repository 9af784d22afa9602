"""Tags of the release before."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.checks.tags.comparing import Fate, line_of, moves
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.report.wording import count


def _look(subject: Subject) -> Iterator[Spot]:
    left: dict[str, list[str]] = {}
    for move in moves(subject, Fate.SUPERSEDED):
        left.setdefault(move.before.line.name, []).extend(move.tags)
    for line in subject.before.lines if subject.before is not None else ():
        now = line_of(subject.matrix, line.name)
        if now is not None and (tags := left.get(line.name)):
            yield Spot(
                place=subject.at("lines", line.name, "release"),
                message=f"{line.release} becomes {now.release}: {count(len(tags), 'tag')} of {line.release} "
                "stay in the registry as they were built last",
            )


CHECK = Check(
    code="T506",
    title="Tags of a full release are led on while it is the newest.",
    why="With the next release its tags are left as they are; that is how it is meant.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.NOTE,
    look=_look,
)
