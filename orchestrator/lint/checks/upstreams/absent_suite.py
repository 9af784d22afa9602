"""Suites that the host's mirror does not have, and that are not marked so."""

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
        if not there and not suite.archived:
            yield Spot(
                place=subject.at("suites", suite.name),
                message=f"suites.{suite.name}: the Debian mirror of this host has no suite {suite.name}",
                mend='if it has moved to the archive, add "archived": true; else correct its name',
            )


CHECK = Check(
    code="U612",
    title="Debian's suites are on the mirror, or marked as archived.",
    why="The first apt-get update of a build fails where the suite is not there.",
    link="https://www.debian.org/distrib/archive",
    level=Level.ERROR,
    ask=_ask,
)
