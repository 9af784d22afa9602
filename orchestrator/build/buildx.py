"""One call of `docker buildx build`: its command line, its progress, its result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from orchestrator.build.failure import Failure, FailureClass, classify
from orchestrator.build.phases import Phase, phase_of, phases
from orchestrator.build.rawjson import Decoder, Event, LogOutput, Said, Vertex
from orchestrator.system.process import Cancellation, Command, Completed, Stream, stream

_TAIL_LINES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """What to build: the directory of a Dockerfile, for a platform, with inputs swapped in by name, under one reference.

    `contexts` maps a stage or a base image to what replaces it; `timeout` is in seconds. `offline` takes the network away from its steps,
    `fresh` runs them even where BuildKit's cache knows their result.
    """

    directory: Path
    platform: str
    contexts: Mapping[str, str]
    reference: str
    timeout: float
    log: Path
    offline: bool = False
    fresh: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """How a build went; the image itself is in the engine's store, under the reference that was asked for."""

    phases: tuple[Phase, ...]
    seconds: float
    failure: Failure | None


@dataclass(slots=True)
class _Reading:
    """What has been read from the progress so far. Only the thread that pumps stderr touches it."""

    log: TextIO
    on_step: Callable[[str], None]
    decoder: Decoder = field(default_factory=Decoder)
    vertices: dict[str, Vertex] = field(default_factory=dict)
    cut: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))

    def take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Vertex):
                self._vertex(event)
            elif isinstance(event, LogOutput):
                self._output(event)
            elif isinstance(event, Said):
                self.said.append(event.text)
                self.log.write(f"{event.text}\n")

    def _output(self, output: LogOutput) -> None:
        """Write whole lines: BuildKit cuts a step's output wherever its buffer ends."""
        *lines, rest = (self.cut.pop(output.vertex, b"") + output.data).split(b"\n")
        if rest:
            self.cut[output.vertex] = rest
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            self.tail.append(text)
            self.log.write(f"{text}\n")

    def finish(self) -> None:
        """Write what had no end of line."""
        for vertex in tuple(self.cut):
            self._output(LogOutput(vertex=vertex, data=b"\n"))

    def _vertex(self, vertex: Vertex) -> None:
        before = self.vertices.get(vertex.digest)
        # One digest is reported several times; a later report without times must not undo a finished one.
        if before is None or before.completed is None or vertex.completed is not None:
            self.vertices[vertex.digest] = vertex
        if vertex.started is not None and (before is None or before.started is None):
            self.log.write(f"=== {phase_of(vertex.name)}: {vertex.name}\n")
            self.log.flush()  # people follow it
            self.on_step(vertex.name)
        if vertex.completed is not None and (before is None or before.completed is None):
            state = "cached" if vertex.cached else f"{vertex.seconds:.1f} s"
            self.log.write(f"=== {phase_of(vertex.name)}: {vertex.error or state}\n")
            self.log.flush()


def command_line(docker: str, request: BuildRequest) -> tuple[str, ...]:
    """Write the command that builds one platform of one Dockerfile into the engine's own image store."""
    contexts = [part for name, value in request.contexts.items() for part in ("--build-context", f"{name}={value}")]
    return (
        docker,
        "buildx",
        "build",
        "--progress=rawjson",
        f"--platform={request.platform}",
        # Attestations turn one manifest into an index with an entry for "unknown/unknown"; they are made when publishing, not here.
        # https://docs.docker.com/build/metadata/attestations/attestation-storage/
        "--provenance=false",
        "--sbom=false",
        "--load",
        *(("--network=none",) if request.offline else ()),
        *(("--no-cache",) if request.fresh else ()),
        f"--tag={request.reference}",
        *contexts,
        str(request.directory),
    )


def build(
    request: BuildRequest,
    *,
    docker: str,
    environment: Mapping[str, str],
    cancellation: Cancellation,
    on_step: Callable[[str], None],
) -> BuildResult:
    """Build, following the progress into the log file. A failed build is a result, not an exception."""
    request.log.parent.mkdir(parents=True, exist_ok=True)
    with request.log.open("w", encoding="utf-8") as log:
        command = Command(argv=command_line(docker, request), environment=environment, timeout=request.timeout)
        log.write(f"$ {command}\n")
        reading = _Reading(log=log, on_step=on_step)

        def on_output(name: Stream, data: bytes) -> None:
            if name == "stderr":
                reading.take(list(reading.decoder.feed(data)))

        ended = stream(command, on_output=on_output, cancellation=cancellation)
        reading.take(list(reading.decoder.close()))
        reading.finish()
        failure = _failure(ended, reading, cancellation)
    return BuildResult(phases=phases(reading.vertices.values()), seconds=round(ended.seconds, 3), failure=failure)


def _failure(ended: Completed, reading: _Reading, cancellation: Cancellation) -> Failure | None:
    if ended.ok:
        return None
    tail = tuple(reading.tail)
    if cancellation.requested:
        return Failure(kind=FailureClass.CANCELLED, message="stopped on request", tail=tail)
    if ended.timed_out:
        return Failure(kind=FailureClass.TIMEOUT, message=f"not done after {ended.seconds:.0f} s", tail=tail)
    failed = next((vertex for vertex in reading.vertices.values() if vertex.error), None)
    said = "\n".join((*tail, *reading.said, failed.error if failed else ""))
    spoken = next((line for line in reversed(reading.said) if line), ended.reason)
    message = (failed.name if failed else "") or spoken
    return Failure(
        kind=classify(said), message=message.splitlines()[0][:300], tail=tail or tuple(reading.said[-_TAIL_LINES:])
    )
