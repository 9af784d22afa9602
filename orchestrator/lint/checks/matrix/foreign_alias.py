"""Aliases that promise another version than the line has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def _look(subject: Subject) -> Iterator[Spot]:
    for line in subject.matrix.lines:
        release = line.release.split(".")
        for index, alias in enumerate(line.aliases):
            version = _VERSION.match(alias)
            if version is not None and (parts := version[0].split(".")) != release[: len(parts)]:
                yield Spot(
                    place=subject.at("lines", line.name, "aliases", index),
                    message=f'the alias "{alias}" of {line.name} promises Python {version[0]}, and leads to {line.release}',
                    mend=f"remove it from {line.name}",
                )


CHECK = Check(
    code="M103",
    title="No alias of a line begins with the version of another one.",
    why="Who pulls python:3 and gets Python 2 has a broken build, and whoever notices it does not trust the tags any more.",
    link="https://github.com/docker-library/official-images#tags-and-aliases",
    level=Level.ERROR,
    look=_look,
)
