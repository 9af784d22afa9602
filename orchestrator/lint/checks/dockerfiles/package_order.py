"""Packages in an unsorted list.

The order of rules in `packages.yaml` is free: they stand in groups, each under its own heading, and recipes list packages sorted. What counts is the
list that is rendered, where a template may add packages of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.scripts import elsewhere, rendered
from orchestrator.lint.subject import Subject

_INSTALL = re.compile(r"\b(?:apt-get\s+(?:-\S+\s+)*install|apk\s+(?:-\S+\s+)*add)\b")
_WITH_VALUE = {"--virtual", "-t", "--repository", "-X"}
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]*(?:=\S+)?")


def _look(subject: Subject) -> Iterator[Spot]:
    found: dict[tuple[str, ...], list[str]] = {}
    for script in rendered(subject):
        for piece in script.pieces():
            install = _INSTALL.search(piece.text)
            packages = _packages(piece.text[install.end() :]) if install else ()
            if install and list(packages) != sorted(packages):
                line = piece.line + piece.text.count("\n", 0, install.start())
                found.setdefault(packages, []).append(f"{shown(script.path)}:{line}")
    for packages, places in found.items():
        wrong = next(two for one, two in pairwise(packages) if two < one)
        yield Spot(
            place=places[0],
            message=f"the packages that are installed here are not sorted: {wrong} comes too late{elsewhere(places)}",
            mend="sort them in the template",
        )


def _packages(words: str) -> tuple[str, ...]:
    found: list[str] = []
    skip = False
    for word in words.replace("\\\n", " ").split():
        if word.startswith(("<", ">")):
            break
        if not skip and _PACKAGE.fullmatch(word):
            found.append(word)
        skip = word in _WITH_VALUE
    return tuple(found)


CHECK = Check(
    code="D307",
    title="Packages are installed in sorted lists.",
    why="In a sorted list one sees what is there twice or not at all, and two people who add to it do not collide.",
    link="https://docs.docker.com/build/building/best-practices/#sort-multi-line-arguments",
    level=Level.WARNING,
    look=_look,
)
