"""From BuildKit's steps to the stretches of a build that are measured: the phases of the build, some of them told apart further."""

from __future__ import annotations

import re
from collections.abc import Iterable

from benchmarks.acceleration.model import COMPILING, Stretch
from orchestrator.build.phases import PhaseName, phase_of
from orchestrator.build.rawjson import Vertex

_BY_PHASE = {
    PhaseName.CONFIGURE: Stretch.CONFIGURE,
    PhaseName.COMPILE: Stretch.MAKE,
    PhaseName.INSTALL: Stretch.INSTALL,
    PhaseName.PIP: Stretch.PIP,
    PhaseName.EXPORT: Stretch.EXPORT,
}
#: BuildKit's names are "[stage 3/9] RUN command".
_STAGE = re.compile(r"^\[(?:linux/\S+ )?(\S+) \d+/\d+\] RUN ")


def stretch_of(step: str) -> Stretch:
    """Tell which stretch a step belongs to, by its name."""
    phase = phase_of(step)
    found = _STAGE.match(step)
    if found and phase is PhaseName.PACKAGES:
        return Stretch.BASE_PACKAGES if found[1] == "base" else Stretch.BUILD_PACKAGES
    if found and phase is PhaseName.ASSEMBLE and "apt-get install" in step:
        return Stretch.RUNTIME_PACKAGES
    if found and phase is PhaseName.SOURCE:
        return Stretch.UNPACK
    return _BY_PHASE.get(phase, Stretch.OTHER)


def stretches(steps: Iterable[Vertex], whole: float) -> dict[Stretch, float]:
    """Sum finished steps by stretch, in order; `whole` is what the build took from outside (seconds).

    Steps of other stretches may go on at the same time: what they sum up to may be more than the whole.
    """
    found = dict.fromkeys(Stretch, 0.0)
    for step in steps:
        found[stretch_of(step.name)] += step.seconds
    found[Stretch.COMPILING] = sum(found[name] for name in COMPILING)
    found[Stretch.WHOLE] = whole
    return found


def served(steps: Iterable[Vertex]) -> tuple[str, ...]:
    """Name the steps that ran nothing, because BuildKit's cache knew their result: where there are any, nothing was measured."""
    return tuple(step.name for step in steps if step.cached and _STAGE.match(step.name))
