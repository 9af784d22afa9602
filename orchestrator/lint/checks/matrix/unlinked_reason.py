"""Reasons in the matrix that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject

_LINK = re.compile(r"https://\S+")


def _look(subject: Subject) -> Iterator[Spot]:
    for name, reason in subject.matrix.best_effort.items():
        if _LINK.search(reason) is None:
            yield Spot(
                place=subject.at("best_effort_architectures", name),
                message=f"best_effort_architectures.{name}: the reason has no https link",
                mend="add the address of the issue that it waits for",
            )


CHECK = Check(
    code="M116",
    title="What an index may be published without has a reason with a link.",
    why="A sentence says why it was so once; only the link tells whether it still is.",
    link="https://github.com/docker-library/official-images#architectures-other-than-amd64",
    level=Level.NOTE,
    look=_look,
)
