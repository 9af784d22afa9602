"""Each sort of failure is told from what was said, with the exit code that says whose turn it is."""

from __future__ import annotations

import pytest

from orchestrator.build.failure import Failure, FailureClass, classify
from orchestrator.errors import ExitCode

STEP = 'process "/bin/sh -c make" did not complete successfully: exit code: 2'


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("digest mismatch sha256:aa: sha256:bb", FailureClass.CHECKSUM),
        (f"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n{STEP}", FailureClass.CHECKSUM),
        (f"cc1: fatal error: x.s: no space left on device\n{STEP}", FailureClass.DISK_FULL),
        (f"qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n{STEP}", FailureClass.EMULATOR_CRASH),
        ("exec /bin/sh: exec format error", FailureClass.EMULATOR_MISSING),
        ("process did not complete successfully: exit code: 137", FailureClass.OUT_OF_MEMORY),
        (f"gcc: fatal error: Killed signal terminated program cc1\n{STEP}", FailureClass.OUT_OF_MEMORY),
        (f"gcc: internal compiler error: Killed (program cc1)\n{STEP}", FailureClass.OUT_OF_MEMORY),
        ("ERROR: Cannot connect to the Docker daemon at unix:///x. Is it running?", FailureClass.ENGINE_LOST),
        ("rpc error: code = Unavailable desc = error reading from server: EOF", FailureClass.ENGINE_LOST),
        (f"E: Failed to fetch http://example.org/x.deb  404 Not Found\n{STEP}", FailureClass.UPSTREAM_GONE),
        (f"E: The repository 'x' does not have a Release file.\n{STEP}", FailureClass.UPSTREAM_GONE),
        (
            "ERROR: failed to solve: failed to resolve source metadata for example.org/library/debian:no: example.org/debian:no: not found",
            FailureClass.UPSTREAM_GONE,
        ),
        (f"W: Temporary failure resolving 'example.org'\n{STEP}", FailureClass.NETWORK),
        (f"[Errno -3] Temporary failure in name resolution\n{STEP}", FailureClass.NETWORK),
        (f"WARNING: fetching x: temporary error (try again later)\n{STEP}", FailureClass.NETWORK),
        ("dial tcp: lookup example.org: no such host", FailureClass.NETWORK),
        ("dial tcp 192.0.2.1:443: connect: connection refused", FailureClass.NETWORK),
        (f"E: Failed to fetch http://example.org/x.deb  Connection timed out\n{STEP}", FailureClass.NETWORK),
        (f"./Modules/x.c:1: error: expected ';'\n{STEP}", FailureClass.COMPILE),
        (
            "/bin/sh: 1: foo: not found\nexit code: 127 did not complete successfully: exit code: 127",
            FailureClass.COMPILE,
        ),
        ("something that nobody has seen yet", FailureClass.UNKNOWN),
        ("", FailureClass.UNKNOWN),
    ],
)
def test_what_was_said_has_its_class(said: str, kind: FailureClass) -> None:
    assert classify(said) is kind


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FailureClass.CHECKSUM, ExitCode.VERIFICATION),
        (FailureClass.DISK_FULL, ExitCode.ENVIRONMENT),
        (FailureClass.EMULATOR_MISSING, ExitCode.ENVIRONMENT),
        (FailureClass.NETWORK, ExitCode.UNREACHABLE),
        (FailureClass.UPSTREAM_GONE, ExitCode.UNREACHABLE),
        (FailureClass.CANCELLED, ExitCode.INTERRUPTED),
        (FailureClass.COMPILE, ExitCode.CELLS_FAILED),
        (FailureClass.PROOF, ExitCode.CELLS_FAILED),
        (FailureClass.TIMEOUT, ExitCode.CELLS_FAILED),
    ],
)
def test_each_class_has_its_exit_code(kind: FailureClass, code: ExitCode) -> None:
    assert Failure(kind=kind, message="").code is code
