"""Pool files that the host's mirror does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.model import Check, Level, Spot
from orchestrator.lint.subject import Subject

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def _ask(subject: Subject, outside: Outside) -> Iterator[Spot]:
    if outside.mirror is None:
        return  # nothing takes sources from a pool here
    addresses = {
        line.name: f"{outside.mirror.url}/{line.source.pool}" for line in subject.matrix.lines if line.source.pool
    }
    found = outside.there(addresses.values())
    for name, address in addresses.items():
        if found[address] is False:
            yield Spot(
                place=subject.at("lines", name, "source", "pool"),
                message=f"the Debian mirror of this host does not have the pool file of {name}: {address}",
                mend='look which version the pool has by now; if it is not the same release, remove "pool"',
            )


CHECK = Check(
    code="U611",
    title="Pool files are on the Debian mirror.",
    why="Machines that reach nothing but a mirror take the source from there; Debian removes it with the next version of its package.",
    link="https://www.debian.org/doc/debian-policy/ch-archive.html",
    level=Level.ERROR,
    ask=_ask,
)
