"""Names in templates that nothing offers."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject
from orchestrator.lint.templates import OFFERED


def _look(subject: Subject) -> Iterator[Spot]:
    offered = ", ".join(name for name, kind in OFFERED.items() if kind is not None)
    for one in subject.templates.unknown:
        yield Spot(
            place=f"{shown(subject.templates.paths[one.template])}:{one.line}",
            message=f"nothing offers {one.name}",
            mend=f"use what is offered ({offered}), or correct the name",
        )


CHECK = Check(
    code="D305",
    title="Templates use only names that are offered.",
    why="A misspelt name in a branch that no image takes today breaks the rendering of the image that takes it first.",
    link="https://jinja.palletsprojects.com/en/stable/templates/#variables",
    level=Level.ERROR,
    look=_look,
)
