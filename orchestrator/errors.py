"""Every way this program fails on purpose: one class per exit code, each message with its mend.

Only `orchestrator.__main__.main` turns these into an exit; everything else raises or returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process tells its caller. The numbers are part of the public contract."""

    DONE = 0
    CELLS_FAILED = 1
    USAGE = 2
    INVALID = 3
    ENVIRONMENT = 4
    UNREACHABLE = 5
    VERIFICATION = 6
    INTERRUPTED = 130


def summary(codes: Iterable[ExitCode]) -> ExitCode:
    """Sum up the failures of many cells or images: none is done, one shared code is that code, else some failed."""
    found = set(codes)
    if not found:
        return ExitCode.DONE
    return found.pop() if len(found) == 1 else ExitCode.CELLS_FAILED


class OrchestratorError(Exception):
    """An expected failure.

    `message` says what is wrong and where, `mend` what the user can type or change. Both are plain text;
    the mend may be empty only where the message already names the way out.
    """

    code: ClassVar[ExitCode] = ExitCode.CELLS_FAILED

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}\n  mend: {self.mend}" if self.mend else self.message


class CellsFailedError(OrchestratorError):
    """Some cells were not built, proven or published; the report says which."""

    code = ExitCode.CELLS_FAILED


class UsageError(OrchestratorError):
    """The command line asks for something that does not exist."""

    code = ExitCode.USAGE


class InvalidFileError(OrchestratorError):
    """A file of the project (matrix, config, rules, template, rendered Dockerfile) is invalid or stale."""

    code = ExitCode.INVALID


class EnvironmentFailedError(OrchestratorError):
    """The machine lacks something: engine, buildx, emulator, disk, a Debian package, permission."""

    code = ExitCode.ENVIRONMENT


class UnreachableError(OrchestratorError):
    """An upstream or a registry did not answer, or does not have what was asked for."""

    code = ExitCode.UNREACHABLE


class VerificationError(OrchestratorError):
    """A checksum, a signature or an architecture is not what it has to be. Never retried."""

    code = ExitCode.VERIFICATION


class InterruptedRunError(OrchestratorError):
    """The user or the system asked us to stop."""

    code = ExitCode.INTERRUPTED
