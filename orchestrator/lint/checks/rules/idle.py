"""Rules that this matrix does not need."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import Entry, entries
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Image
from orchestrator.recipe.conditions import applies
from orchestrator.report.wording import count


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    idle: dict[str, list[Entry]] = {}
    for entry in entries(rules):
        # What no image at all can match is told by R204.
        if not _used(entry, subject.matrix.images) and _used(entry, subject.imaginary):
            idle.setdefault(entry.file, []).append(entry)
    for file, found in idle.items():
        yield Spot(
            place=subject.in_rules(file, found[0].place),
            # All of them: nothing else tells which they are.
            message=f"{count(len(found), 'rule')} of {file} match{'es' if len(found) == 1 else ''} no image of this matrix: "
            f"{', '.join(dict.fromkeys(one.name for one in found))}",
        )


def _used(entry: Entry, images: tuple[Image, ...]) -> bool:
    return any(applies(image, entry.rule.when, entry.rule.unless) for image in images)


CHECK = Check(
    code="R205",
    title="Rules match images of this matrix.",
    why="Rules are shared by several matrices, so one that this matrix does not need may be right; one that none of them needs is left over.",
    link="https://github.com/docker-library/official-images#clarity",
    level=Level.NOTE,
    look=_look,
)
