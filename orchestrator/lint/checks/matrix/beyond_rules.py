"""Lines and Alpine releases that are newer than anything the rules have heard of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.errors import InvalidFileError
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import compared, entries
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Family


def _look(subject: Subject) -> Iterator[Spot]:
    rules = subject.rules
    if isinstance(rules, InvalidFileError):
        return
    conditions = [condition for entry in entries(rules) for _, condition in entry.conditions]
    line_known = _highest(version for one in conditions for version in compared(one.line))
    alpine_known = _highest(version for one in conditions for version in compared(one.alpine))
    for line in subject.matrix.lines:
        if line_known and line.version > line_known:
            yield _spot(subject, ("lines", line.name), f"Python {line.name}", "Python", line_known)
    for suite in subject.matrix.suites:
        if suite.family is Family.ALPINE and alpine_known and suite.version > alpine_known:
            yield _spot(subject, ("suites", suite.name), suite.name, "Alpine", alpine_known)


def _spot(subject: Subject, place: tuple[str, str], name: str, what: str, known: tuple[int, ...]) -> Spot:
    newest = ".".join(map(str, known))
    return Spot(
        place=subject.at(*place),
        message=f"{name} is newer than all that the rules were written for: they know {what} up to {newest}",
        mend="read its release notes, compare what its images contain with 'orchestrator explain', and add what differs to "
        "orchestrator/recipe/rules",
    )


def _highest(versions: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    # `>=3` says nothing of minor releases.
    return max((version for version in versions if len(version) > 1), default=())


CHECK = Check(
    code="M111",
    title="No line and no Alpine is newer than those that the rules know.",
    why="Rules without an end apply to whatever comes next: packages are renamed and modules come and go, and nobody has looked yet.",
    link="https://docs.python.org/3/whatsnew/index.html",
    level=Level.WARNING,
    look=_look,
)
