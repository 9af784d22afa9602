"""Templates that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.positions import shown
from orchestrator.lint.subject import Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for name in subject.templates.unused:
        yield Spot(
            place=shown(subject.templates.paths[name]),
            message="nothing renders this template, nor does any that is rendered include it",
            mend="include it where it belongs, or remove it",
        )


CHECK = Check(
    code="D306",
    title="Every template is used.",
    why="What is changed in a template that nothing includes has no effect, and that is found out late.",
    link="https://jinja.palletsprojects.com/en/stable/templates/#include",
    level=Level.WARNING,
    look=_look,
)
