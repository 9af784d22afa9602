"""Classes of failures: captured ones all the way, further words that tools are known to use, and words that must not mislead."""

from __future__ import annotations

import pytest

from orchestrator.build.failure import Evidence, Failure, FailureClass, classify, retry_after
from orchestrator.errors import ExitCode
from tests.unit.build.captures import FAILURES, evidence

STEP = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'

CAPTURED = {
    "architecture-ld": FailureClass.ARCHITECTURE,
    "cancelled-hung-registry": FailureClass.CANCELLED,
    "cancelled-step": FailureClass.CANCELLED,
    "checksum-add": FailureClass.CHECKSUM,
    "checksum-layer": FailureClass.CHECKSUM,
    "compile-gcc": FailureClass.COMPILE,
    "compile-native-segv": FailureClass.COMPILE,
    "compile-words": FailureClass.COMPILE,
    "disk-full-engine": FailureClass.DISK_FULL,
    "disk-full-step": FailureClass.DISK_FULL,
    "disk-full-tmpfs": FailureClass.DISK_FULL,
    "emulator-crash-11": FailureClass.EMULATOR_CRASH,
    "emulator-crash-4": FailureClass.EMULATOR_CRASH,
    "emulator-crash-exit-3": FailureClass.EMULATOR_CRASH,
    "emulator-missing-mips": FailureClass.EMULATOR_MISSING,
    "engine-lost-builder-refused": FailureClass.ENGINE_LOST,
    "engine-lost-builder-unknown": FailureClass.ENGINE_LOST,
    "engine-lost-dead": FailureClass.ENGINE_LOST,
    "engine-lost-killed": FailureClass.ENGINE_LOST,
    "engine-lost-nosocket": FailureClass.ENGINE_LOST,
    "engine-lost-stopped": FailureClass.ENGINE_LOST,
    "network-add-refused": FailureClass.NETWORK,
    "network-add-reset": FailureClass.NETWORK,
    "network-add-short": FailureClass.NETWORK,
    "network-apt-refused": FailureClass.NETWORK,
    "network-apt-reset": FailureClass.NETWORK,
    "network-pip-429": FailureClass.NETWORK,
    "network-pip-refused": FailureClass.NETWORK,
    "network-pip-reset": FailureClass.NETWORK,
    "network-registry-nohost": FailureClass.NETWORK,
    "network-registry-refused": FailureClass.NETWORK,
    "network-registry-reset": FailureClass.NETWORK,
    "out-of-memory-137": FailureClass.OUT_OF_MEMORY,
    "out-of-memory-gcc": FailureClass.OUT_OF_MEMORY,
    "out-of-memory-loader": FailureClass.OUT_OF_MEMORY,
    "out-of-memory-ulimit": FailureClass.OUT_OF_MEMORY,
    "registry-busy-429": FailureClass.REGISTRY_BUSY,
    "registry-busy-429-message": FailureClass.REGISTRY_BUSY,
    "registry-busy-500": FailureClass.REGISTRY_BUSY,
    "registry-busy-503": FailureClass.REGISTRY_BUSY,
    "registry-busy-add-429": FailureClass.REGISTRY_BUSY,
    "registry-busy-add-503": FailureClass.REGISTRY_BUSY,
    "registry-busy-apt-429": FailureClass.REGISTRY_BUSY,
    "registry-busy-apt-503": FailureClass.REGISTRY_BUSY,
    "registry-busy-pip-503": FailureClass.REGISTRY_BUSY,
    "unknown-401": FailureClass.UNKNOWN,
    "unknown-403": FailureClass.UNKNOWN,
    "unknown-copy": FailureClass.UNKNOWN,
    "upstream-gone-add-404": FailureClass.UPSTREAM_GONE,
    "upstream-gone-add-410": FailureClass.UPSTREAM_GONE,
    "upstream-gone-apt-404": FailureClass.UPSTREAM_GONE,
    "upstream-gone-registry-404": FailureClass.UPSTREAM_GONE,
    "upstream-gone-registry-410": FailureClass.UPSTREAM_GONE,
}


@pytest.mark.parametrize(("name", "kind"), CAPTURED.items())
def test_a_captured_failure_has_its_class(name: str, kind: FailureClass) -> None:
    assert classify(evidence(name, emulated=name.startswith("emulator-crash"))) is kind


def test_every_capture_is_read_and_every_class_of_builds_has_one() -> None:
    names = {path.stem for path in FAILURES.glob("*.txt")}
    assert names == {*CAPTURED, "emulator-crash-hung"}
    # Proofs and native tools are not buildx's; the other two are ends that we make, of builds that are captured as cancelled.
    assert set(FailureClass) - set(CAPTURED.values()) == {
        FailureClass.PROOF,
        FailureClass.UNACCELERATED,
        FailureClass.TIMEOUT,
        FailureClass.SILENCE,
    }


@pytest.mark.parametrize("ended", [FailureClass.TIMEOUT, FailureClass.SILENCE])
def test_an_emulator_that_crashed_and_hangs_is_not_taken_for_a_slow_build(ended: FailureClass) -> None:
    assert classify(evidence("emulator-crash-hung", emulated=True, ended=ended)) is FailureClass.EMULATOR_CRASH
    assert classify(evidence("cancelled-step", ended=ended)) is ended


def test_a_build_that_was_stopped_is_cancelled_whatever_else_happened() -> None:
    ended = FailureClass.CANCELLED
    assert classify(evidence("emulator-crash-hung", emulated=True, ended=ended)) is ended
    assert classify(evidence("disk-full-step", ended=ended)) is ended


@pytest.mark.parametrize("code", [132, 139])
def test_an_exit_by_a_crash_is_the_emulators_only_where_there_is_one(code: int) -> None:
    error = STEP.replace("code: 2", f"code: {code}")
    assert classify(Evidence(error=error, emulated=True)) is FailureClass.EMULATOR_CRASH
    assert classify(Evidence(error=error)) is FailureClass.COMPILE


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("failed to create shim task: exec: /bin/sh: exec format error", FailureClass.EMULATOR_MISSING),
        ("failed to create shim task: fork/exec runc: cannot allocate memory", FailureClass.OUT_OF_MEMORY),
        (STEP.replace("code: 2", "code: 137"), FailureClass.OUT_OF_MEMORY),
        (STEP.replace("code: 2", "code: 127"), FailureClass.COMPILE),
    ],
)
def test_an_error_without_a_line_has_its_class(error: str, kind: FailureClass) -> None:
    assert classify(Evidence(error=error)) is kind


@pytest.mark.parametrize(
    ("line", "emulated", "kind"),
    [
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", False, FailureClass.CHECKSUM),
        ("cc1: fatal error: /tmp/cc1.s: No space left on device", False, FailureClass.DISK_FULL),
        ("OSError: [Errno 28] No space left on device", False, FailureClass.DISK_FULL),
        ("gcc: internal compiler error: Segmentation fault (program cc1)", True, FailureClass.EMULATOR_CRASH),
        ("make: *** [Makefile:500: python] Segmentation fault (core dumped)", True, FailureClass.EMULATOR_CRASH),
        ("make: *** [Makefile:500: python] Segmentation fault (core dumped)", False, FailureClass.COMPILE),
        ("gcc: internal compiler error: Killed (program cc1)", True, FailureClass.OUT_OF_MEMORY),
        ("make: *** [Makefile:500: x.o] Killed", False, FailureClass.OUT_OF_MEMORY),
        ("E: The repository 'x' does not have a Release file.", False, FailureClass.UPSTREAM_GONE),
        ("curl: (22) The requested URL returned error: 404", False, FailureClass.UPSTREAM_GONE),
        ("curl: (22) The requested URL returned error: 503", False, FailureClass.REGISTRY_BUSY),
        ("W: Temporary failure resolving 'example.org'", False, FailureClass.NETWORK),
        ("[Errno -3] Temporary failure in name resolution", False, FailureClass.NETWORK),
        ("WARNING: fetching x: temporary error (try again later)", False, FailureClass.NETWORK),
        ("E: Failed to fetch http://example.org/x.deb  Connection timed out", False, FailureClass.NETWORK),
        # What only looks like another class.
        ("./Modules/x.c:1: error: expected ';' before 'connection refused'", False, FailureClass.COMPILE),
        ("test_socket: ConnectionRefusedError: [Errno 111] Connection refused", False, FailureClass.COMPILE),
        ("   12 | /* x: No space left on device */", False, FailureClass.COMPILE),
        ("/* Killed by signal 9, exit code: 137 */", False, FailureClass.COMPILE),
        ("GET http://example.org/404 Not Found.html", False, FailureClass.COMPILE),
        ("qemu: uncaught target signal 6 (Aborted) - core dumped", True, FailureClass.COMPILE),
    ],
)
def test_a_line_of_the_failed_step_has_its_class(line: str, emulated: bool, kind: FailureClass) -> None:  # noqa: FBT001
    assert classify(Evidence(error=STEP, lines=(line, "bye"), emulated=emulated)) is kind


@pytest.mark.parametrize(
    "command",
    ["curl x || echo 404 Not Found", "echo exec format error", "true # dial tcp", "echo no space left on device"],
)
def test_the_words_of_the_command_are_not_evidence(command: str) -> None:
    error = f'process "/bin/sh -c {command}" did not complete successfully: exit code: 1'
    said = ("--------------------", f"   4 | >>> RUN {command}", f"ERROR: failed to solve: {error}")
    assert classify(Evidence(error=error, said=said)) is FailureClass.COMPILE
    assert classify(Evidence(said=said)) is FailureClass.UNKNOWN


def test_memory_outweighs_what_the_compiler_says_of_its_end() -> None:
    lines = (
        "gcc: fatal error: Killed signal terminated program cc1",
        "compilation terminated.",
        "make: *** [x.o] Error 1",
    )
    assert classify(Evidence(error=STEP, lines=lines)) is FailureClass.OUT_OF_MEMORY


def test_what_a_step_printed_before_the_engine_went_explains_nothing() -> None:
    lines = ("conftest.c: out of memory", "qemu: uncaught target signal 11 (Segmentation fault) - core dumped")
    said = evidence("engine-lost-killed").said
    assert classify(Evidence(said=said, lines=lines, emulated=True)) is FailureClass.ENGINE_LOST


def test_make_outweighs_what_tests_print_of_networks() -> None:
    lines = ("W: Failed to fetch http://example.org/x  Connection timed out", "make: *** [all] Error 1")
    assert classify(Evidence(error=STEP, lines=lines)) is FailureClass.COMPILE


def test_buildx_that_was_killed_without_a_word_lacked_memory() -> None:
    assert classify(Evidence(status=-9)) is FailureClass.OUT_OF_MEMORY
    assert classify(Evidence(status=1)) is FailureClass.UNKNOWN


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("toomanyrequests: retry-after: 1m7.5s, allowed: 44000/minute", 67.5),
        ("toomanyrequests: retry-after: 282.5µs, allowed: 44000/minute", 0.0002825),
        ("429 Too Many Requests\nRetry-After: 7\n", 7.0),
        ("retry after 1h2m3s", 3723.0),
        ("retry-after: 250ms", 0.25),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("429 Too Many Requests", None),
    ],
)
def test_what_a_server_asks_for_is_read_in_seconds(text: str, seconds: float | None) -> None:
    assert retry_after(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FailureClass.CHECKSUM, ExitCode.VERIFICATION),
        (FailureClass.ARCHITECTURE, ExitCode.VERIFICATION),
        (FailureClass.UNACCELERATED, ExitCode.VERIFICATION),
        (FailureClass.DISK_FULL, ExitCode.ENVIRONMENT),
        (FailureClass.ENGINE_LOST, ExitCode.ENVIRONMENT),
        (FailureClass.EMULATOR_MISSING, ExitCode.ENVIRONMENT),
        (FailureClass.NETWORK, ExitCode.UNREACHABLE),
        (FailureClass.REGISTRY_BUSY, ExitCode.UNREACHABLE),
        (FailureClass.UPSTREAM_GONE, ExitCode.UNREACHABLE),
        (FailureClass.CANCELLED, ExitCode.INTERRUPTED),
        (FailureClass.COMPILE, ExitCode.CELLS_FAILED),
        (FailureClass.PROOF, ExitCode.CELLS_FAILED),
        (FailureClass.TIMEOUT, ExitCode.CELLS_FAILED),
        (FailureClass.SILENCE, ExitCode.CELLS_FAILED),
    ],
)
def test_each_class_has_its_exit_code(kind: FailureClass, code: ExitCode) -> None:
    assert Failure(kind=kind, message="").code is code
