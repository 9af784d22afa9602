"""From BuildKit's steps to the phases that people think in: packages, configure, compile, install, pip, ..."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.build.rawjson import Vertex


class PhaseName(StrEnum):
    """The phases of a build, in order."""

    TOOLS = "native tools"
    BASE = "base"
    PACKAGES = "packages"
    SOURCE = "source"
    CONFIGURE = "configure"
    COMPILE = "compile"
    INSTALL = "install"
    PIP = "pip"
    CLEANUP = "cleanup"
    ASSEMBLE = "assemble"
    EXPORT = "export"
    OTHER = "other"


#: The first pattern found in a step's name decides. BuildKit's names are "[stage 3/9] RUN flags command" or "[internal] what".
_PATTERNS = (
    (PhaseName.TOOLS, r"^\[native-tools\] "),
    (PhaseName.EXPORT, r"^exporting "),
    (PhaseName.SOURCE, r"^\[(context )?python-(source|wheels)\b|python-source,target|\btar -x"),
    (PhaseName.BASE, r"^\[(internal|context)\b|^\[[^\]]*\] (FROM|WORKDIR)\b|\bsed -i|--from=native-tools /"),
    (PhaseName.CONFIGURE, r"\./configure\b"),
    (PhaseName.COMPILE, r"RUN.*\bmake -j"),
    (PhaseName.INSTALL, r"\bmake install\b"),
    (PhaseName.PIP, r"python-wheels|requirements\.txt"),
    (PhaseName.CLEANUP, r"RUN.*\bfind /usr/local -depth\b|readelf|scanelf"),
    (PhaseName.ASSEMBLE, r"runtime-libraries|\bCOPY --from|--version$"),
    (PhaseName.PACKAGES, r"\bapt-get\b|\bapk add\b|/native-tools/take"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """How long a phase took; `cached` when every step of it came from BuildKit's cache."""

    name: PhaseName
    seconds: float
    cached: bool


def phase_of(step: str) -> PhaseName:
    """Tell which phase a step belongs to, by its name."""
    return next((phase for phase, pattern in _PATTERNS if re.search(pattern, step, re.DOTALL)), PhaseName.OTHER)


def phases(vertices: Iterable[Vertex]) -> tuple[Phase, ...]:
    """Sum finished steps by phase, in the order of `PhaseName`."""
    grouped: dict[PhaseName, list[Vertex]] = {}
    for vertex in vertices:
        if vertex.completed is not None:
            grouped.setdefault(phase_of(vertex.name), []).append(vertex)
    return tuple(
        Phase(
            name=name,
            seconds=round(sum(vertex.seconds for vertex in grouped[name]), 3),
            cached=all(vertex.cached for vertex in grouped[name] if "internal" not in vertex.name),
        )
        for name in PhaseName
        if name in grouped
    )


def step_number(step: str) -> tuple[int, int] | None:
    """Read `[build 4/9]` as (4, 9)."""
    match = re.match(r"\[[^\]]*?(\d+)/(\d+)\]", step)
    return (int(match[1]), int(match[2])) if match else None
