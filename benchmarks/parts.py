"""The parts of the measurement, by name: what each measures, how long it takes, and its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import commands, memory, nightly, proofs, scheduling


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part that is measured as a whole. `guess` is how long that takes on two cores (seconds); `engine` says that it uses the Docker Engine."""

    name: str
    what: str
    guess: float
    measure: Callable[[], dict[str, Any]]
    table: Callable[[dict[str, Any]], list[str]]
    engine: bool = False


PARTS = (
    Part(
        name="commands",
        what="start, planner, renderer: whole processes",
        guess=40,
        measure=commands.measure,
        table=commands.table,
    ),
    Part(
        name="scheduling",
        what="the scheduler, and runs that build nothing",
        guess=60,
        measure=scheduling.measure,
        table=scheduling.table,
    ),
    Part(name="memory", what="memory at its peak", guess=5, measure=memory.measure, table=memory.table),
    Part(
        name="nightly",
        what="a night with nothing to do",
        guess=60,
        measure=nightly.measure,
        table=nightly.table,
        engine=True,
    ),
    Part(
        name="proofs",
        what="all proofs of images that are there",
        guess=240,
        measure=proofs.measure,
        table=proofs.table,
        engine=True,
    ),
)
#: Measured build by build (see `acceleration/`), and last: it takes longest.
ACCELERATION = "acceleration"
NAMES = (*(part.name for part in PARTS), ACCELERATION)


def lasting(seconds: float) -> str:
    """Write how long something takes, roughly."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def older(name: str, run: str, newest: str, words: Mapping[str, str]) -> list[str]:
    """Say below a table that its figures are of another run than the newest; nothing where they are not."""
    return [] if run == newest else ["", f"`{name}` was measured in another run: {words[run]}."]
