"""Wheels that pip's index does not give as they are pinned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Line, Pin
from orchestrator.system.strict import Place

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    places: dict[Pin, Place] = {}
    for line in subject.matrix.lines:
        for place, pin in _pins(line):
            places.setdefault(pin, ("lines", line.name, *place))
    for pin, why in outside.wheels(places).items():
        yield Spot(
            place=subject.at(*places[pin]),
            message=f"{pin.name} {pin.version} cannot be had as it is pinned: {why}",
            mend="pin a version that the index has: 'orchestrator bump' finds it, and its checksum",
        )


def _pins(line: Line) -> Iterator[tuple[Place, Pin]]:
    for pin in (line.pip, line.setuptools, line.wheel):
        yield (pin.name,), pin
    for index, pin in enumerate(line.extras):
        yield ("extras", index), pin


CHECK = Check(
    code="U614",
    title="Pinned wheels can be had from the index that pip is configured with.",
    why="Releases are yanked and removed; what nobody has in store any more cannot be installed.",
    link="https://packaging.python.org/en/latest/specifications/simple-repository-api/",
    level=Level.ERROR,
    ask=_ask,
)
