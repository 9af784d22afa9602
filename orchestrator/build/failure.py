"""Why a build failed: one table from evidence to a class, the first row that applies decides.

Each row was written against messages that were captured from BuildKit, containerd, apt, pip, gcc and QEMU: `tests/data/failures`.
"""

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
    REGISTRY_BUSY = "registry busy"
    EMULATOR_CRASH = "emulator crash"
    EMULATOR_MISSING = "emulator missing"
    OUT_OF_MEMORY = "out of memory"
    ENGINE_LOST = "engine lost"
    COMPILE = "compile error"
    ARCHITECTURE = "wrong architecture"
    PROOF = "proof failed"
    UNACCELERATED = "not accelerated"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known of a build that failed.

    `error` is BuildKit's word on the step that failed, `lines` are the last lines of that step alone, `said` is what buildx wrote itself,
    `status` how buildx exited (negative: by that signal). `ended` is the class when we ended it, `emulated` whether an emulator ran the steps.
    """

    said: tuple[str, ...] = ()
    error: str = ""
    lines: tuple[str, ...] = ()
    status: int = 1
    emulated: bool = False
    ended: FailureClass | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A class, and what shows it: words of BuildKit or buildx, a line of the step's output, or the step's exit code.

    `emulated` rows count under an emulator only.
    """

    kind: FailureClass
    told: str = ""
    line: str = ""
    exits: frozenset[int] = frozenset()
    emulated: bool = False


#: A server that asks for patience, in the words of containerd, BuildKit's ADD, apt, pip, curl and docker push.
_BUSY = "(?:429|50[0234])"
_GONE = "(?:404|410)"

# Lines are anchored to the shapes of tools: compilers quote sources, and tests of CPython print, words like "connection refused".
_TABLE = (
    _Row(
        kind=FailureClass.CHECKSUM,
        told=r"digest mismatch|checksum mismatch|unexpected commit digest",
        line=r"^(ERROR: )?THESE PACKAGES DO NOT MATCH THE HASHES|^sha256sum: WARNING: \d+ computed checksum",
    ),
    _Row(
        kind=FailureClass.DISK_FULL,
        told=r"(?i:no space left on device|disk quota exceeded)",
        line=r"(: |Errno 28\] )[Nn]o space left on device\b|: Disk quota exceeded$|^E: You don't have enough free space",
    ),
    # 4 and 11 alone: programs abort (6) on their own account, natively as well.
    _Row(
        kind=FailureClass.EMULATOR_CRASH,
        line=r"^qemu: (uncaught target signal (4|11) |unhandled CPU exception)",
    ),
    # Lines of the step's other processes may have pushed QEMU's own away.
    _Row(
        kind=FailureClass.EMULATOR_CRASH,
        line=r"internal compiler error: (Segmentation fault|Illegal instruction)|^make.*\*\*\* .*(Segmentation fault|Illegal instruction|Error 13[29]$)",
        exits=frozenset({132, 139}),
        emulated=True,
    ),
    _Row(
        kind=FailureClass.EMULATOR_MISSING,
        told=r"exec format error",
        line=r"^exec \S+: exec format error$|: Exec format error$",
    ),
    _Row(
        kind=FailureClass.OUT_OF_MEMORY,
        told=r"cannot allocate memory",
        line=(
            # gcc from 9 on, and before, when the kernel ends its compiler proper; then dash, bash and make
            r"Killed signal terminated program|internal compiler error: Killed|^Killed$|line \d+: +\d+ Killed\b|^make.*\*\*\* .*Killed$"
            r"|: (out of memory|[Cc]annot allocate memory|failed to map segment from shared object)\b|^MemoryError$"
        ),
        exits=frozenset({137}),
    ),
    _Row(
        kind=FailureClass.ARCHITECTURE,
        line=r"architecture of input file .* is incompatible with|: file in wrong format$|: wrong ELF class: ",
    ),
    # What a compiler says outweighs what a network may have said: none of our steps compiles and fetches at once.
    _Row(
        kind=FailureClass.COMPILE,
        line=r"^[^\s:]+:\d+(:\d+)?: (fatal )?error: |^configure: error: |^collect2: error: |^make(\[\d+\])?: \*\*\* ",
    ),
    _Row(
        kind=FailureClass.REGISTRY_BUSY,
        told=rf"(status\b.*\b|: ){_BUSY}( |$)|toomanyrequests",
        line=rf"^[EW]: Failed to fetch .*  {_BUSY}  |too many {_BUSY} error responses|\b{_BUSY} (Client|Server) Error|returned error: {_BUSY}$",
    ),
    _Row(
        kind=FailureClass.UPSTREAM_GONE,
        # The reference alone: a file that COPY does not find is "not found", too.
        told=rf"(status\b.*\b|: ){_GONE}( |$)|(^|: )[^\s:]\S*[:@]\S+: not found$|no match for platform|manifest unknown",
        line=rf"^[EW]: Failed to fetch .*  {_GONE}  |does not have a Release file|\b{_GONE} Client Error|returned error: {_GONE}$",
    ),
    _Row(
        kind=FailureClass.ENGINE_LOST,
        told=(
            r"Cannot connect to the Docker daemon|error reading from server|code = Unavailable|(^|: )Unavailable: |error during connect"
            r"|failed to list workers|no builder \".*\" found|^(ERROR: )?context deadline exceeded$"
        ),
    ),
    _Row(
        kind=FailureClass.NETWORK,
        told=(
            r"dial tcp|no such host|i/o timeout|connection (refused|reset)|TLS handshake timeout|network is unreachable"
            r"|unexpected EOF$|: EOF$|failed to do request: .*context deadline exceeded"
        ),
        line=(
            r"^[EW]: Failed to fetch |[Tt]emporary failure (resolving|in name resolution)|temporary error \(try again later\)"
            r"|^(wget|curl): .*(bad address|[Cc]ould not resolve|[Cc]onnection (refused|reset|timed out)|[Ff]ailed to connect)"
            r"|after connection broken by|Max retries exceeded with url"
            # pip 18 says no more than this of an index that does not answer, answers 429, or is gone; what is pinned was there once.
            r"|^(ERROR: )?No matching distribution found for "
        ),
    ),
    # Somebody else ended buildx, or the solve: we did not.
    _Row(kind=FailureClass.CANCELLED, told=r"context canceled"),
    _Row(kind=FailureClass.COMPILE, exits=frozenset(range(1, 256))),
)

_EXIT = {
    FailureClass.CHECKSUM: ExitCode.VERIFICATION,
    FailureClass.ARCHITECTURE: ExitCode.VERIFICATION,
    FailureClass.UNACCELERATED: ExitCode.VERIFICATION,
    FailureClass.DISK_FULL: ExitCode.ENVIRONMENT,
    FailureClass.ENGINE_LOST: ExitCode.ENVIRONMENT,
    FailureClass.EMULATOR_MISSING: ExitCode.ENVIRONMENT,
    FailureClass.UPSTREAM_GONE: ExitCode.UNREACHABLE,
    FailureClass.NETWORK: ExitCode.UNREACHABLE,
    FailureClass.REGISTRY_BUSY: ExitCode.UNREACHABLE,
    FailureClass.CANCELLED: ExitCode.INTERRUPTED,
}

#: BuildKit's word on a RUN step. It quotes the command, which may hold any word of the table.
_STEP = re.compile(r'^process ".* did not complete successfully: exit code: (\d+)(?P<rest>[^"]*)$', re.DOTALL)
#: Sources quoted by BuildKit (of the Dockerfile) and by gcc.
_QUOTED = re.compile(r"^\s*\d*\s*(>>>)?\s*\|")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_SPAN = r"\d+(?:\.\d+)?"
_AFTER = re.compile(rf"\bretry[- ]after[:=]?\s*((?:{_SPAN}(?:ms|us|µs|μs|ns|h|m|s))+|{_SPAN})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A failure: its class, one line of what was said, and the last lines of the log.

    `after` is how many seconds the other side asked to be left alone, where it said so.
    """

    kind: FailureClass
    message: str
    tail: tuple[str, ...] = ()
    after: float | None = None

    @property
    def code(self) -> ExitCode:
        """What the process exits with when every failed cell failed this way."""
        return _EXIT.get(self.kind, ExitCode.CELLS_FAILED)


def classify(evidence: Evidence) -> FailureClass:
    """Find the class that the evidence shows.

    A step's own error outweighs what buildx says about the build as a whole, and only a step's own lines speak for it.
    """
    if evidence.ended in {FailureClass.TIMEOUT, FailureClass.SILENCE}:
        # QEMU that crashes as a container's first process does not end: its last word tells what the silence was.
        last = evidence.lines[-1] if evidence.lines else ""
        crashed = re.search(r"^qemu: (uncaught target signal|unhandled CPU exception)", last)
        return FailureClass.EMULATOR_CRASH if crashed else evidence.ended
    if evidence.ended is not None:
        return evidence.ended
    told, lines, code = _weigh(evidence)
    for row in _TABLE:
        if row.emulated and not evidence.emulated:
            continue
        if (
            (row.told and any(re.search(row.told, one) for one in told))
            or (row.line and any(re.search(row.line, one) for one in lines))
            or code in row.exits
        ):
            return row.kind
    # Nobody but the kernel, short of memory, or a person sends KILL to buildx. The docker command whose plugin is killed ends so, without a word.
    killed = evidence.status == -9 or (evidence.status == 255 and not any(evidence.said) and not evidence.error)
    return FailureClass.OUT_OF_MEMORY if killed else FailureClass.UNKNOWN


def retry_after(text: str) -> float | None:
    """How many seconds a server asks to wait, in text that quotes it: `retry-after: 1m7.5s` (registries) or `Retry-After: 7`; else None.

    Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after; registries put Go's durations into their messages.
    """
    found = _AFTER.search(text)
    if found is None:
        return None
    spans = re.findall(rf"({_SPAN})(ms|us|µs|μs|ns|h|m|s)?", found[1])
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in spans)


def _weigh(evidence: Evidence) -> tuple[list[str], list[str], int | None]:
    """Give what BuildKit or buildx told, the step's own lines, and the step's exit code; sources that they quote count for nothing."""
    lines = [line for line in evidence.lines if not _QUOTED.search(line)]
    step = _STEP.search(evidence.error)
    if step and step["rest"]:  # "exit code: 137: context canceled": not its own end
        return [step["rest"]], [], None
    if step:
        return [], lines, int(step[1])
    if evidence.error and "context canceled" not in evidence.error:
        return evidence.error.splitlines(), lines, None
    said = [re.sub(r'process ".* did not complete successfully: ', "", line) for line in evidence.said]
    # Nothing failed by itself: what a step printed until then explains nothing.
    return [*evidence.error.splitlines(), *(line for line in said if not _QUOTED.search(line))], [], None
