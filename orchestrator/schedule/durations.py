"""How long a stage of a cell is expected to take: as it was seen here, else elsewhere, else on the other architecture, else a prior.

The prior's numbers are this project's own measurements on two cores (README, "What it costs"); they order a first run, nothing else hangs on them.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.ledger.records import Seen
from orchestrator.matrix.model import Cell, Family, Flavor
from orchestrator.schedule.model import Stage

#: So many times longer an emulated stage takes, until it has been seen: 17 for builds (the sum of all phases), 7 for proofs.
EMULATED = {Stage.BUILD: 17.0, Stage.PROVE: 7.0}
#: Only the newest count: a machine that was made faster should be believed soon.
NEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Expected seconds, from what was seen (newest first)."""

    seen: Iterable[Seen] = ()
    _here: Mapping[tuple[str, str, bool, str], list[float]] = field(init=False)
    _anywhere: Mapping[tuple[str, str, bool], list[float]] = field(init=False)

    def __post_init__(self) -> None:
        here: dict[tuple[str, str, bool, str], list[float]] = defaultdict(list)
        anywhere: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
        for one in self.seen:
            for found in (
                here[one.cell, one.stage, one.emulated, one.machine],
                anywhere[one.cell, one.stage, one.emulated],
            ):
                if len(found) < NEWEST:
                    found.append(one.seconds)
        object.__setattr__(self, "_here", dict(here))
        object.__setattr__(self, "_anywhere", dict(anywhere))

    def expect(self, cell: Cell, stage: Stage, *, emulated: bool, machine: str = "") -> float:
        """Give the expected seconds of a stage of a cell, executed in one way on a machine."""
        known = self._known(cell.id, stage, emulated=emulated, machine=machine)
        if known is not None:
            return known
        image = cell.image
        factor = EMULATED[stage] if emulated else 1.0
        for other in (cell.architecture.name, *image.variant.suite.architectures):
            for way in (emulated, not emulated):
                known = self._known(f"{image.id}-{other}", stage, emulated=way, machine=machine)
                if known is not None:
                    return known * factor / (EMULATED[stage] if way else 1.0)
        return prior(cell, stage) * factor

    def _known(self, cell: str, stage: Stage, *, emulated: bool, machine: str) -> float | None:
        found = self._here.get((cell, stage, emulated, machine)) or self._anywhere.get((cell, stage, emulated))
        return statistics.median(found) if found else None


def prior(cell: Cell, stage: Stage) -> float:
    """Guess the seconds of a stage, executed natively, before anything was seen: later lines are larger, slim images fetch their compiler."""
    major, minor = cell.image.line.version
    newer = minor - 3 if major == 3 else 0
    if stage is Stage.PROVE:
        return 15.0 + 1.5 * newer
    variant = cell.image.variant
    packages = 2.0 if variant.flavor is Flavor.FULL else 8.0 if variant.suite.family is Family.ALPINE else 17.0
    return 74.0 + 12.0 * newer + packages
