"""Why a build failed, from what BuildKit and buildx said: one table, the first pattern found decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import ExitCode


class FailureClass(StrEnum):
    """What kind of failure it is; says whose turn it is."""

    CHECKSUM = "checksum"
    DISK_FULL = "disk full"
    UPSTREAM_GONE = "upstream gone"
    NETWORK = "network"
    EMULATOR_CRASH = "emulator crash"
    EMULATOR_MISSING = "emulator missing"
    OUT_OF_MEMORY = "out of memory"
    ENGINE_LOST = "engine lost"
    COMPILE = "compile error"
    ARCHITECTURE = "wrong architecture"
    PROOF = "proof failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_TABLE = (
    (FailureClass.CHECKSUM, r"digest mismatch|checksum mismatch|THESE PACKAGES DO NOT MATCH THE HASHES"),
    (FailureClass.DISK_FULL, r"no space left on device"),
    (FailureClass.EMULATOR_CRASH, r"uncaught target signal|qemu: unhandled CPU exception"),
    (FailureClass.EMULATOR_MISSING, r"exec format error|Exec format error"),
    (
        FailureClass.OUT_OF_MEMORY,
        (
            r"Cannot allocate memory|out of memory|Killed\b.*signal 9|exit code: 137"
            # gcc from 9 on, and before, when the kernel ends its compiler proper
            r"|Killed signal terminated program|internal compiler error: Killed"
        ),
    ),
    (
        FailureClass.ENGINE_LOST,
        r"Cannot connect to the Docker daemon|error reading from server: EOF|code = Unavailable",
    ),
    (
        FailureClass.UPSTREAM_GONE,
        r"404 Not Found|does not have a Release file|no match for platform|failed to resolve source metadata.*: not found",
    ),
    (
        FailureClass.NETWORK,
        (
            r"Temporary failure (resolving|in name resolution)|temporary error \(try again later\)|Could not resolve|no such host|i/o timeout|connection refused|connection reset"
            r"|TLS handshake timeout|Failed to fetch|network is unreachable|failed to do request"
        ),
    ),
    (FailureClass.COMPILE, r"did not complete successfully: exit code"),
)

_EXIT = {
    FailureClass.CHECKSUM: ExitCode.VERIFICATION,
    FailureClass.ARCHITECTURE: ExitCode.VERIFICATION,
    FailureClass.DISK_FULL: ExitCode.ENVIRONMENT,
    FailureClass.ENGINE_LOST: ExitCode.ENVIRONMENT,
    FailureClass.EMULATOR_MISSING: ExitCode.ENVIRONMENT,
    FailureClass.UPSTREAM_GONE: ExitCode.UNREACHABLE,
    FailureClass.NETWORK: ExitCode.UNREACHABLE,
    FailureClass.CANCELLED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A failure: its class, one line of what was said, and the last lines of the log."""

    kind: FailureClass
    message: str
    tail: tuple[str, ...] = ()

    @property
    def code(self) -> ExitCode:
        """What the process exits with when every failed cell failed this way."""
        return _EXIT.get(self.kind, ExitCode.CELLS_FAILED)


def classify(said: str) -> FailureClass:
    """Find the class of what was said."""
    return next((kind for kind, pattern in _TABLE if re.search(pattern, said)), FailureClass.UNKNOWN)
