"""Suites that conditions name and the matrix does not declare."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from orchestrator.errors import InvalidFileError
from orchestrator.lifetimes.suites import load_releases
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.rulebook import Entry, entries, named_suites, possible
from orchestrator.lint.subject import Subject
from orchestrator.lint.words import listed
from orchestrator.system.strict import Place

#: How alike two words are of which one is taken for a misspelling of the other.
_ALIKE = 0.75


def undeclared(subject: Subject) -> dict[str, list[tuple[Entry, Place]]]:
    """Give the suites that conditions name and the matrix does not declare, each with the rules and the places."""
    found: dict[str, list[tuple[Entry, Place]]] = {}
    if not isinstance(subject.rules, InvalidFileError):
        declared = {suite.name for suite in subject.matrix.suites}
        for entry in entries(subject.rules):
            for place, condition in entry.conditions:
                for name in named_suites(condition):
                    # What no matrix can declare is told by R204.
                    if name not in declared and possible(name):
                        found.setdefault(name, []).append((entry, place))
    return found


def meant(subject: Subject, name: str) -> str:
    """Give the suite that was probably meant by a code name that nobody has; empty where none is like it."""
    if name in load_releases() or not name.isalpha():
        return ""
    known = [*(suite.name for suite in subject.matrix.suites if suite.name.isalpha()), *load_releases()]
    return next(iter(get_close_matches(name, known, n=1, cutoff=_ALIKE)), "")


def _look(subject: Subject) -> Iterator[Spot]:
    for name, found in undeclared(subject).items():
        if not meant(subject, name):
            entry, place = found[0]
            yield Spot(
                place=subject.in_rules(entry.file, (*place, "suite")),
                message=f"conditions name {name}, which this matrix does not declare: {listed(one.name for one, _ in found)}",
            )


CHECK = Check(
    code="R206",
    title="Conditions name suites that the matrix declares.",
    why="Rules are shared by several matrices; a suite that none of them declares any more has left a rule behind.",
    link="https://github.com/docker-library/official-images#clarity",
    level=Level.NOTE,
    look=_look,
)
