"""Suites that are marked as archived, and still on the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.checks.upstreams.mirrored import mirrored
from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    for suite, there in mirrored(subject, outside):
        if there and suite.archived:
            yield Spot(
                place=subject.at("suites", suite.name, "archived"),
                message=f"suites.{suite.name} is marked as archived, and the Debian mirror of this host still has {suite.name}",
                mend='remove "archived": packages are checked as usual then',
            )


CHECK = Check(
    code="U613",
    title="Suites that are marked as archived have left the mirror.",
    why="Packages of an archived suite are taken without the usual checks, which is not needed while the suite is still there.",
    link="https://www.debian.org/distrib/archive",
    level=Level.WARNING,
    ask=_ask,
)
