"""What the host's mirror says of Debian's suites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lint.subject import Subject
from orchestrator.matrix.model import Family, Suite

if TYPE_CHECKING:
    from orchestrator.lint.outside import Outside


def mirrored(subject: Subject, outside: Outside) -> Iterator[tuple[Suite, bool]]:
    """Tell of each Debian suite whether the mirror has it, those left out of which that could not be found out."""
    if outside.mirror is None:
        return
    suites = [suite for suite in subject.matrix.suites if suite.family is Family.DEBIAN]
    addresses = {suite.name: f"{outside.mirror.url}/dists/{suite.name}/Release" for suite in suites}
    found = outside.there(addresses.values())
    for suite in suites:
        if (there := found[addresses[suite.name]]) is not None:
            yield suite, there
