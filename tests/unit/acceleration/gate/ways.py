"""What both ways leave behind, made by hand; a build that leaves it; and the tools and the trial for it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.acceleration.catalogue import tools_for
from orchestrator.acceleration.gate.model import Trial
from orchestrator.acceleration.model import Made, Tools
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.failure import Failure
from orchestrator.matrix.model import Architecture, Matrix, Platform

DOCKERFILE = """\
FROM scratch AS native-tools
FROM debian:bullseye-slim AS build
RUN apt-get update
RUN --mount=type=bind,from=native-tools,target=/dev/native-tools \\
\t./configure \\
\t\t--enable-shared
RUN make
"""

TEXTS = {
    "compile": "",
    "library": "",
    "program": "",
    "run": "7\n",
    "macros": "#define A 1\n",
    "version-of-sed": "sed 4.7\n",
}
OBJECTS = {"objects/Objects/boolobject.o": b"object", "links/library": b"library"}
TAKEN = ("/bin/sed", "/usr/bin/aarch64-linux-gnu-gcc-10")


def write_way(
    directory: Path,
    *,
    texts: Mapping[str, str] = TEXTS,
    statuses: Mapping[str, int] | None = None,
    files: Mapping[str, bytes] = OBJECTS,
    taken: tuple[str, ...] = (),
    declined: str = "",
) -> Path:
    """Write what one way leaves; a status that is not given is 0."""
    (directory / "texts").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (directory / "texts" / name).write_text(text, encoding="utf-8")
    for name, data in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    ended = {**dict.fromkeys(texts, 0), **(statuses or {})}
    (directory / "statuses").write_text(
        "".join(f"{name}\t{status}\n" for name, status in ended.items()), encoding="utf-8"
    )
    if taken:
        (directory / "taken").write_text("\n".join(taken), encoding="utf-8")
    if declined:
        (directory / "declined").write_text(declined, encoding="utf-8")
    return directory


@dataclass(kw_only=True, slots=True)
class Building:
    """A build that copies prepared results to where they are exported, or fails. One element per call: a directory, or a failure."""

    outcomes: list[Path | Failure]
    requests: list[BuildRequest] = field(default_factory=list)
    dockerfiles: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)

    def __call__(self, request: BuildRequest) -> BuildResult:
        self.requests.append(request)
        self.dockerfiles.append((request.directory / "Dockerfile").read_text(encoding="utf-8"))
        self.units.append((Path(request.contexts["gate-work"]) / "units").read_text(encoding="utf-8"))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Failure):
            return BuildResult(phases=(), seconds=1.0, failure=outcome)
        shutil.copytree(outcome, request.export.removeprefix("type=local,dest="))
        return BuildResult(phases=(), seconds=1.0, failure=None)


def made_tools(matrix: Matrix) -> Made:
    """Tools of bullseye for arm64v8 on amd64, as if they were made."""
    cell = next(cell for cell in matrix.cells if cell.id == "2.7-slim-bullseye-arm64v8")
    tools = tools_for(cell, Architecture(name="amd64", platform=Platform(os="linux", architecture="amd64")))
    assert isinstance(tools, Tools)
    return Made(tools=tools, identity="0" * 64, layout=Path("/layout"), digest="sha256:0123", size=1, seconds=1.0)


def trial(dockerfile: str = DOCKERFILE, arguments: Mapping[str, str] | None = None) -> Trial:
    """The trial of a cell whose Dockerfile is given."""
    return Trial(
        cell="2.7-slim-bullseye-arm64v8",
        dockerfile=dockerfile,
        platform="linux/arm64",
        contexts={"debian:bullseye-slim": "oci-layout:///base"},
        timeout=60.0,
        silence=30.0,
        builder="farm",
        arguments=arguments or {},
    )
