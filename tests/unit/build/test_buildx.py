"""One call of buildx, with a fake in the place of the process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.build import buildx
from orchestrator.build.buildx import BuildRequest, BuildResult, command_line
from orchestrator.build.execution import Execution
from orchestrator.build.failure import FailureClass
from orchestrator.build.phases import PhaseName
from orchestrator.errors import ExitCode
from orchestrator.system.process import Cancellation, Command, Completed, Stream
from tests.unit.build.captures import capture
from tests.unit.build.test_rawjson import CAPTURED


class FakeBuildx:
    """Writes progress in small pieces, then ends."""

    def __init__(self, progress: bytes = b"", *, status: int = 0, timed_out: bool = False) -> None:
        self.progress, self.status, self.timed_out = progress, status, timed_out
        self.commands: list[Command] = []

    def __call__(
        self, command: Command, *, on_output: Callable[[Stream, bytes], None], cancellation: Cancellation | None = None
    ) -> Completed:
        assert cancellation is not None
        self.commands.append(command)
        for start in range(0, len(self.progress), 1000):
            on_output("stderr", self.progress[start : start + 1000])
        on_output("stdout", b"this is not progress\n")
        return Completed(
            command=command, status=self.status, stdout=b"", stderr=b"", seconds=12.3456, timed_out=self.timed_out
        )


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    return BuildRequest(
        directory=tmp_path / "context",
        platform="linux/arm64/v8",
        contexts={"debian:bullseye-slim": "oci-layout:///x@sha256:1", "python-source": "/inputs"},
        reference="orchestrator.local/python/cell:key",
        timeout=60,
        log=tmp_path / "logs" / "cell.log",
    )


Build = Callable[..., BuildResult]


@pytest.fixture
def run_build(request_: BuildRequest, monkeypatch: pytest.MonkeyPatch) -> Build:
    def run(
        fake: FakeBuildx, *, cancelled: bool = False, steps: list[str] | None = None, metadata: Path | None = None
    ) -> BuildResult:
        monkeypatch.setattr(buildx, "stream", fake)
        cancellation = Cancellation()
        if cancelled:
            cancellation.cancel()
        return buildx.build(
            replace(request_, metadata=metadata),
            docker="/usr/bin/docker",
            environment={"DOCKER_HOST": "unix:///x"},
            cancellation=cancellation,
            on_step=(steps if steps is not None else []).append,
        )

    return run


class Clock:
    """Seconds that pass when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class SlowBuildx(FakeBuildx):
    """Writes pieces with pauses (seconds) before them; asks between, several times, whether to end, as `stream` does."""

    def __init__(self, clock: Clock, pieces: Iterable[tuple[float, bytes]], *, last_words: bytes = b"") -> None:
        super().__init__()
        self.clock, self.pieces, self.last_words = clock, tuple(pieces), last_words
        self.ended_at: float | None = None

    def __call__(
        self, command: Command, *, on_output: Callable[[Stream, bytes], None], cancellation: Cancellation | None = None
    ) -> Completed:
        assert cancellation is not None
        begin = self.clock.now
        for pause, data in self.pieces:
            for _ in range(10):
                self.clock.now += pause / 10
                if cancellation.requested:
                    self.ended_at = self.clock.now - begin
                    on_output("stderr", self.last_words)
                    return Completed(command=command, status=1, stdout=b"", stderr=b"", seconds=self.ended_at)
            on_output("stderr", data)
        return Completed(command=command, status=0, stdout=b"", stderr=b"", seconds=self.clock.now - begin)


Slowly = Callable[..., tuple[BuildResult, SlowBuildx]]


@pytest.fixture
def build_slowly(request_: BuildRequest, monkeypatch: pytest.MonkeyPatch) -> Slowly:
    def run(
        *pieces: tuple[float, bytes], last_words: bytes = b"", silence: float | None = 60, emulated: bool = False
    ) -> tuple[BuildResult, SlowBuildx]:
        clock = Clock()
        fake = SlowBuildx(clock, pieces, last_words=last_words)
        monkeypatch.setattr(buildx, "stream", fake)
        result = buildx.build(
            replace(request_, silence=silence, emulated=emulated),
            docker="docker",
            environment={},
            cancellation=Cancellation(),
            on_step=lambda _step: None,
            clock=clock,
        )
        return result, fake

    return run


def status(**content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"


def test_the_command_line(request_: BuildRequest) -> None:
    argv = command_line("/usr/bin/docker", request_)
    assert argv[:4] == ("/usr/bin/docker", "buildx", "build", "--progress=rawjson")
    assert argv[-1] == str(request_.directory)
    assert {"--platform=linux/arm64/v8", "--load", "--provenance=false", "--sbom=false"} < set(argv)
    assert "--tag=orchestrator.local/python/cell:key" in argv
    given = [argv[at + 1] for at, part in enumerate(argv) if part == "--build-context"]
    assert given == ["debian:bullseye-slim=oci-layout:///x@sha256:1", "python-source=/inputs"]


def test_a_build_that_succeeds_has_phases_and_a_log(run_build: Build, request_: BuildRequest) -> None:
    progress = status(
        vertexes=[
            {"digest": "1", "name": "[build 4/9] RUN ./configure", "started": "2026-01-01T00:00:00Z"},
            {"digest": "1", "name": "[build 4/9] RUN ./configure", "started": "2026-01-01T00:00:00Z", "completed": "2026-01-01T00:00:07Z"},
            {"digest": "2", "name": "[base 1/2] RUN apt-get update", "started": "2026-01-01T00:00:00Z", "completed": "2026-01-01T00:00:00Z", "cached": True},
        ],
        logs=[{"vertex": "1", "data": base64.b64encode("checking… é\n".encode()).decode()}],
    )  # fmt: skip
    steps: list[str] = []
    fake = FakeBuildx(progress)
    result = run_build(fake, steps=steps)
    assert result.failure is None
    assert result.seconds == 12.346
    assert {phase.name: (phase.seconds, phase.cached) for phase in result.phases} == {
        PhaseName.PACKAGES: (0.0, True),
        PhaseName.CONFIGURE: (7.0, False),
    }
    assert steps == ["[build 4/9] RUN ./configure", "[base 1/2] RUN apt-get update"]
    log = request_.log.read_text(encoding="utf-8").splitlines()
    assert log[0].startswith("$ /usr/bin/docker buildx build")
    assert "checking… é" in log
    assert "=== configure: 7.0 s" in log
    assert "=== packages: cached" in log
    assert fake.commands[0].timeout == 60
    assert fake.commands[0].environment == {"DOCKER_HOST": "unix:///x"}


def test_the_captured_failure_names_its_step_and_keeps_the_last_lines(run_build: Build, request_: BuildRequest) -> None:
    steps: list[str] = []
    result = run_build(FakeBuildx(CAPTURED, status=1), steps=steps)
    assert result.failure is not None
    assert result.failure.kind is FailureClass.COMPILE
    assert result.failure.message.startswith("[build 7/9] RUN --mount=type=bind,from=python-wheels")
    assert result.failure.tail[-1].startswith("python: can't open file")
    assert len(steps) == len(set(steps))
    log = request_.log.read_text(encoding="utf-8")
    assert "=== compile: 919.4 s" in log
    assert "ERROR: failed to solve" in log


def test_a_failure_before_any_step_is_told_in_buildxs_words(run_build: Build) -> None:
    result = run_build(FakeBuildx(b"ERROR: Cannot connect to the Docker daemon at unix:///x\n", status=1))
    assert result.failure is not None
    assert result.failure.kind is FailureClass.ENGINE_LOST
    assert result.failure.code is ExitCode.ENVIRONMENT
    assert result.failure.message == "ERROR: Cannot connect to the Docker daemon at unix:///x"
    assert result.failure.tail == (result.failure.message,)


def test_a_failure_without_a_word_still_says_something(run_build: Build) -> None:
    result = run_build(FakeBuildx(status=3))
    assert result.failure is not None
    assert result.failure.message == "exit status 3"


def test_a_failed_step_without_a_name_still_says_something(run_build: Build) -> None:
    result = run_build(FakeBuildx(status(vertexes=[{"digest": "1", "error": "lost"}]) + b"ERROR: lost\n", status=1))
    assert result.failure is not None
    assert result.failure.message == "ERROR: lost"


def test_the_time_limit_is_a_class_of_its_own(run_build: Build) -> None:
    result = run_build(FakeBuildx(CAPTURED, status=-15, timed_out=True))
    assert result.failure is not None
    assert result.failure.kind is FailureClass.TIMEOUT
    assert "12 s" in result.failure.message


def test_a_cancelled_build_is_cancelled_whatever_was_said(run_build: Build) -> None:
    result = run_build(FakeBuildx(CAPTURED, status=-15), cancelled=True)
    assert result.failure is not None
    assert result.failure.kind is FailureClass.CANCELLED


def test_only_the_last_lines_are_kept(run_build: Build) -> None:
    data = base64.b64encode(b"".join(b"line %d\n" % number for number in range(100))).decode()
    result = run_build(FakeBuildx(status(logs=[{"vertex": "1", "data": data}]), status=1))
    assert result.failure is not None
    assert result.failure.tail == tuple(f"line {number}" for number in range(80, 100))


def test_a_later_report_without_times_does_not_undo_a_finished_step(run_build: Build) -> None:
    done = {
        "digest": "1",
        "name": "[build 4/9] RUN ./configure",
        "started": "2026-01-01T00:00:00Z",
        "completed": "2026-01-01T00:00:07Z",
    }
    result = run_build(FakeBuildx(status(vertexes=[done]) + status(vertexes=[{"digest": "1", "name": done["name"]}])))
    assert [phase.seconds for phase in result.phases] == [7.0]


def test_execution_says_native_or_by_which_emulator() -> None:
    assert (str(Execution()), Execution().emulated) == ("native", False)
    emulated = Execution(emulator="qemu-aarch64 10.0.2")
    assert (str(emulated), emulated.emulated) == ("emulated (qemu-aarch64 10.0.2)", True)


RUNNING = {"digest": "1", "name": "[build 5/9] RUN make -j 2", "started": "2026-01-01T00:00:00Z"}


def output(text: str, vertex: str = "1") -> bytes:
    return status(logs=[{"vertex": vertex, "data": base64.b64encode(text.encode()).decode()}])


def test_a_builder_is_named_on_the_command_line(request_: BuildRequest) -> None:
    assert not [part for part in command_line("docker", request_) if part.startswith("--builder")]
    argv = command_line("docker", replace(request_, builder="farm"))
    assert {"--builder=farm", "--load"} < set(argv)


def test_a_build_that_says_nothing_for_too_long_is_ended(build_slowly: Slowly) -> None:
    last_words = capture("cancelled-step")
    result, fake = build_slowly((1, status(vertexes=[RUNNING])), (300, output("done\n")), last_words=last_words)
    assert fake.ended_at == pytest.approx(91, abs=1)
    assert result.failure is not None
    assert result.failure.kind is FailureClass.SILENCE
    assert result.failure.message.startswith("silent for 60 s: ")


def test_any_new_word_keeps_a_build_alive(build_slowly: Slowly) -> None:
    done = {**RUNNING, "completed": "2026-01-01T00:00:09Z"}
    pieces = [(1, status(vertexes=[RUNNING])), (50, output("x")), (50, output("\n")), (50, status(vertexes=[done]))]
    result, fake = build_slowly(*pieces)
    assert (result.failure, fake.ended_at) == (None, None)


def test_a_state_that_is_only_repeated_is_not_a_word(build_slowly: Slowly) -> None:
    ticking = status(statuses=[{"id": "x", "vertex": "1", "current": 0, "total": 9}], vertexes=[RUNNING])
    result, fake = build_slowly(*[(10.0, ticking)] * 30)
    assert fake.ended_at == pytest.approx(71, abs=1)
    assert result.failure is not None
    assert result.failure.kind is FailureClass.SILENCE
    assert result.failure.message == "silent for 60 s: [build 5/9] RUN make -j 2"


def test_without_a_limit_silence_is_borne(build_slowly: Slowly) -> None:
    result, _fake = build_slowly((1, status(vertexes=[RUNNING])), (10_000, output("done\n")), silence=None)
    assert result.failure is None


def test_a_silent_build_whose_emulator_had_crashed_is_told_so(build_slowly: Slowly) -> None:
    crash = output("qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n")
    result, _fake = build_slowly((1, status(vertexes=[RUNNING])), (1, crash), (300, b""), emulated=True)
    assert result.failure is not None
    assert result.failure.kind is FailureClass.EMULATOR_CRASH


def test_only_the_lines_of_the_step_that_failed_speak_for_it(run_build: Build) -> None:
    error = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'
    progress = (
        output("E: Failed to fetch http://example.org/x  503  Service Unavailable\n", "2")
        + output("assembler says no\n")
        + output("cc1: x.s: No space left on device\n", "2")
        + status(vertexes=[{"digest": "2", "name": "other", "error": f"{error}: context canceled: context canceled"}])
        + status(vertexes=[{**RUNNING, "completed": "2026-01-01T00:00:09Z", "error": error}])
    )
    failure = run_build(FakeBuildx(progress, status=1)).failure
    assert failure is not None
    assert (failure.kind, failure.message) == (FailureClass.COMPILE, RUNNING["name"])
    assert failure.tail == ("assembler says no",)


def test_what_a_busy_registry_asks_for_is_handed_on(run_build: Build) -> None:
    failure = run_build(FakeBuildx(capture("registry-busy-429-message"), status=1)).failure
    assert failure is not None
    assert (failure.kind, failure.after) == (FailureClass.REGISTRY_BUSY, 67.5)
    failure = run_build(FakeBuildx(capture("registry-busy-429"), status=1)).failure
    assert failure is not None
    assert (failure.kind, failure.after) == (FailureClass.REGISTRY_BUSY, None)


@pytest.mark.parametrize(
    ("written", "record"),
    [
        ('{"buildx.build.ref": "default/default/pwbr75g71d1uoan4nv6pbzvw1"}', "pwbr75g71d1uoan4nv6pbzvw1"),
        ('{"containerimage.digest": "sha256:1"}', ""),
        ("[]", ""),
        ("{", ""),
        (None, ""),
    ],
)
def test_a_build_tells_what_buildkit_calls_it(
    run_build: Build, request_: BuildRequest, tmp_path: Path, written: str | None, record: str
) -> None:
    assert not [part for part in command_line("docker", request_) if part.startswith("--metadata-file")]
    metadata = tmp_path / "metadata.json"
    assert f"--metadata-file={metadata}" in command_line("docker", replace(request_, metadata=metadata))
    if written is not None:
        metadata.write_text(written, encoding="utf-8")
    assert run_build(FakeBuildx(b""), metadata=metadata).record == record
    assert run_build(FakeBuildx(b"")).record == ""
