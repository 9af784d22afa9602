"""One call of `docker buildx build`: its command line, its progress, its result."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from orchestrator.build.failure import Evidence, Failure, FailureClass, classify, retry_after
from orchestrator.build.phases import Phase, phase_of, phases
from orchestrator.build.rawjson import Decoder, Event, LogOutput, Said, Vertex
from orchestrator.system.process import Cancellation, Command, Completed, Stream, stream

#: How many lines of a failed step are shown, and how many are kept of each: parallel makes push the one that matters away.
_TAIL_LINES, _KEPT_LINES = 20, 60


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """What to build: the directory of a Dockerfile, for a platform, with inputs swapped in by name, under one reference.

    `contexts` maps a stage or a base image to what replaces it; `timeout` is in seconds. `offline` takes the network away from its steps,
    `fresh` runs them even where BuildKit's cache knows their result. `silence` is after how many seconds without a word the build is ended;
    `emulated` says that an emulator runs its steps. `builder` is a name of `docker buildx ls`; None leaves the choice to buildx. `arguments`
    are build arguments by name; buildx writes what became of the build into the file `metadata`, where one is named. `export` is where the
    result goes instead of the engine's image store, as `--output` takes it; there is no reference then.
    """

    directory: Path
    platform: str
    contexts: Mapping[str, str]
    reference: str
    timeout: float
    log: Path
    offline: bool = False
    fresh: bool = False
    silence: float | None = None
    emulated: bool = False
    builder: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    metadata: Path | None = None
    export: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """How a build went; the image itself is in the engine's store, under the reference that was asked for.

    `record` is what BuildKit's history calls this build; empty where no metadata were asked for, or buildx does not say. `steps` are those that
    came to an end, each with its seconds: what the phases are sums of.
    """

    phases: tuple[Phase, ...]
    seconds: float
    failure: Failure | None
    record: str = ""
    steps: tuple[Vertex, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What has been read from the progress so far. Only the thread that pumps stderr touches it."""

    log: TextIO
    on_step: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    decoder: Decoder = field(default_factory=Decoder)
    vertices: dict[str, Vertex] = field(default_factory=dict)
    cut: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    tails: dict[str, deque[str]] = field(default_factory=dict)
    heard: float = 0.0

    def __post_init__(self) -> None:
        self.heard = self.clock()

    def take(self, events: list[Event]) -> None:
        for event in events:
            # A download that hangs still reports its state several times a second. The decoder leaves that out; a step that is reported
            # again as it was says nothing either.
            if not isinstance(event, Vertex) or self.vertices.get(event.digest) != event:
                self.heard = self.clock()
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
            self.tails.setdefault(output.vertex, deque(maxlen=_KEPT_LINES)).append(text)
            self.log.write(f"{text}\n")

    def culprit(self) -> Vertex | None:
        """The step to blame: that failed by itself (BuildKit then cancels the others), else one that was running."""
        failed = [vertex for vertex in self.vertices.values() if vertex.error]
        own = (vertex for vertex in failed if not vertex.error.endswith("context canceled"))
        running = (one for one in self.vertices.values() if one.started is not None and one.completed is None)
        return next(own, None) or next(iter(failed), None) or next(running, None)

    def evidence(self, *, status: int, emulated: bool, ended: FailureClass | None = None) -> Evidence:
        """Gather what shows why it failed."""
        step = self.culprit()
        return Evidence(
            said=tuple(self.said),
            error=step.error if step else "",
            lines=tuple(self.tails.get(step.digest, ())) if step else tuple(self.tail),
            status=status,
            emulated=emulated,
            ended=ended,
        )

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


@dataclass(slots=True)
class _Watch(Cancellation):
    """What the process is ended for: a request to stop, or silence. `stream` asks several times a second."""

    request: Cancellation = field(default_factory=Cancellation)
    reading: _Reading | None = None
    limit: float | None = None
    silent: bool = False

    @property
    def requested(self) -> bool:
        """True once somebody asked, or nothing was heard for too long; it stays so, whatever is said while it ends."""
        if self.reading is not None and self.limit is not None and not self.silent:
            self.silent = self.reading.clock() - self.reading.heard > self.limit
        return self.silent or self.request.requested


def command_line(docker: str, request: BuildRequest) -> tuple[str, ...]:
    """Write the command that builds one platform of one Dockerfile, into the engine's own image store where nothing else is asked for."""
    contexts = [part for name, value in request.contexts.items() for part in ("--build-context", f"{name}={value}")]
    return (
        docker,
        "buildx",
        "build",
        "--progress=rawjson",
        *((f"--builder={request.builder}",) if request.builder is not None else ()),
        f"--platform={request.platform}",
        # Attestations turn one manifest into an index with an entry for "unknown/unknown"; they are attached when publishing, and
        # BuildKit's history has the provenance nevertheless (`attest/history.py`).
        # https://docs.docker.com/build/metadata/attestations/attestation-storage/
        "--provenance=false",
        "--sbom=false",
        *((f"--output={request.export}",) if request.export else ("--load", f"--tag={request.reference}")),
        *(("--network=none",) if request.offline else ()),
        *(("--no-cache",) if request.fresh else ()),
        *(f"--build-arg={name}={value}" for name, value in request.arguments.items()),
        *((f"--metadata-file={request.metadata}",) if request.metadata is not None else ()),
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
    clock: Callable[[], float] = time.monotonic,
) -> BuildResult:
    """Build, following the progress into the log file. A failed build is a result, not an exception.

    Ending buildx ends the build: BuildKit kills the running step's processes when its client goes, those that ignore TERM included.
    `clock` gives seconds.
    """
    request.log.parent.mkdir(parents=True, exist_ok=True)
    with request.log.open("w", encoding="utf-8") as log:
        command = Command(argv=command_line(docker, request), environment=environment, timeout=request.timeout)
        log.write(f"$ {command}\n")
        reading = _Reading(log=log, on_step=on_step, clock=clock)
        watch = _Watch(request=cancellation, reading=reading, limit=request.silence)

        def on_output(name: Stream, data: bytes) -> None:
            if name == "stderr":
                reading.take(list(reading.decoder.feed(data)))

        ended = stream(command, on_output=on_output, cancellation=watch)
        reading.take(list(reading.decoder.close()))
        reading.finish()
        failure = _failure(ended, reading, watch, request)
    return BuildResult(
        phases=phases(reading.vertices.values()),
        seconds=round(ended.seconds, 3),
        failure=failure,
        record=_record(request.metadata),
        steps=tuple(one for one in reading.vertices.values() if one.completed is not None),
    )


def _record(metadata: Path | None) -> str:
    """Read what the build is called: buildx writes BUILDER/NODE/NAME, if it writes anything.

    Source: https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file
    """
    try:
        said = {} if metadata is None else json.loads(metadata.read_bytes())
    except (OSError, ValueError):
        return ""
    return str(said.get("buildx.build.ref", "")).rpartition("/")[2] if isinstance(said, dict) else ""


def _failure(ended: Completed, reading: _Reading, watch: _Watch, request: BuildRequest) -> Failure | None:
    if ended.ok:
        return None
    why = _why_ended(ended, watch)
    evidence = reading.evidence(status=ended.status, emulated=request.emulated, ended=why)
    kind = classify(evidence)
    step = reading.culprit()
    spoken = next((line for line in reversed(reading.said) if line), ended.reason)
    message = (step.name if step else "") or spoken
    if why is FailureClass.CANCELLED:
        message = "stopped on request"
    elif why is FailureClass.TIMEOUT:
        message = f"not done after {ended.seconds:.0f} s"
    elif why is FailureClass.SILENCE:
        message = f"silent for {request.silence:.0f} s: {message}"
    lines = evidence.lines or tuple(reading.tail) or tuple(reading.said)
    return Failure(
        kind=kind,
        message=message.splitlines()[0][:300],
        tail=lines[-_TAIL_LINES:],
        after=retry_after("\n".join((evidence.error, *evidence.lines, *evidence.said)))
        if kind is FailureClass.REGISTRY_BUSY
        else None,
    )


def _why_ended(ended: Completed, watch: _Watch) -> FailureClass | None:
    """Tell why we ended it; None when it ended by itself."""
    if watch.request.requested:
        return FailureClass.CANCELLED
    if ended.timed_out:
        return FailureClass.TIMEOUT
    return FailureClass.SILENCE if watch.silent else None
