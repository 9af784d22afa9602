"""Trying again: what is worth it, how often, how long, and who is told. Registries are spoken to through this, by whatever means.

At 30% failing requests, 24 tries of something that needs two requests fail with a probability of 0.51^24, about 1e-7.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from orchestrator.errors import InterruptedRunError, UnreachableError
from orchestrator.system.http import TRANSIENT_STATUS

T = TypeVar("T")
#: What failed in one line, the number of the try that failed (from 1), seconds until the next.
OnRetry = Callable[[str, int, float], None]
Sleep = Callable[[float], None]
#: Tries that are made however long they take.
_CHANCES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often something is tried (`attempts`), and for how many `seconds` another try is begun.

    Pauses are drawn between nothing and a limit that starts at `pause` seconds and doubles up to `longest`.
    """

    attempts: int = 24
    seconds: float = 300.0
    pause: float = 0.25
    longest: float = 8.0


class TransientError(Exception):
    """Worth another try; `after` seconds from now where the other side said so. `connected` is false when nothing answered at all."""

    def __init__(self, reason: str, *, after: float | None = None, connected: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.connected = connected


_STATUS = re.compile(r"\b([45]\d\d) [A-Za-z]")
_NEVER = re.compile(
    r"digest mismatch|certificate|denied|unauthori[sz]ed|authentication required|no basic auth", re.IGNORECASE
)
_UNCONNECTED = re.compile(
    r"connection refused|no such host|network is unreachable|no route to host|server misbehaving|name resolution"
    r"|dial tcp.*i/o timeout|Client\.Timeout exceeded while awaiting",
    re.IGNORECASE,
)
_BROKEN_OFF = re.compile(
    r"\bEOF\b|connection reset|broken pipe|i/o timeout|TLS handshake timeout|timed out|deadline exceeded|toomanyrequests"
    r"|use of closed network connection|server closed|http2: |transport connection broken",
    re.IGNORECASE,
)


def transient(said: str) -> TransientError | None:
    """Judge what docker, dockerd or buildx said of a registry; None when trying again cannot help, or when it is not understood."""
    if (found := _STATUS.search(said)) is not None:
        return TransientError(said) if int(found[1]) in TRANSIENT_STATUS else None
    if _NEVER.search(said):
        return None
    if _UNCONNECTED.search(said):
        return TransientError(said, connected=False)
    return TransientError(said) if _BROKEN_OFF.search(said) else None


@dataclass(kw_only=True, slots=True)
class Reachability:
    """Which registries gave no answer for a whole patience: what else was to be done there fails at once. Threads may share it."""

    _down: dict[str, str] = field(default_factory=dict)

    def down(self, registry: str, reason: str) -> None:
        """Write down that a registry cannot be reached, and why."""
        self._down[registry] = reason

    def reason(self, registry: str) -> str:
        """Say why a registry is not asked; empty for one that may be."""
        why = self._down.get(registry)
        return "" if why is None else f"{registry} did not answer before and is not asked again in this run: {why}"

    def check(self, registry: str) -> None:
        """Raise `UnreachableError` for a registry that is down."""
        if why := self.reason(registry):
            raise UnreachableError(
                why,
                mend="check that the registry runs and that this machine reaches it; then run the same again",
            )


@dataclass(kw_only=True, slots=True)
class Retries:
    """Makes tries within a `patience`, counts the repeated ones and tells `on_retry` of each before the pause. Threads may share it.

    `sleep` makes the pauses (None: they are real, and end with `stop`).
    """

    patience: Patience = field(default_factory=Patience)
    on_retry: OnRetry = lambda _what, _number, _seconds: None
    sleep: Sleep | None = None
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def count(self) -> int:
        """How many tries had to be repeated so far."""
        return self._count

    def add(self, tries: int) -> None:
        """Count tries that were repeated by somebody else on our behalf."""
        with self._lock:
            self._count += tries

    def stop(self) -> None:
        """Have nothing tried any more: whoever pauses wakes up, and whoever tries from now on gets `InterruptedRunError`."""
        self._stopped.set()

    def check(self) -> None:
        """Raise `InterruptedRunError` when it was stopped."""
        if self._stopped.is_set():
            raise InterruptedRunError(
                "stopped while a registry was spoken to", mend="run the same again: what is there is not sent again"
            )

    def pause(self, seconds: float) -> None:
        """Wait. Raises `InterruptedRunError` as soon as it is stopped."""
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self._stopped.wait(seconds)
        self.check()

    def repeat(self, what: str, work: Callable[[], T], *, without_connection: int | None = None) -> T:
        """Do `work` until it raises no `TransientError`; the last of them is raised when patience ends, `InterruptedRunError` after `stop`.

        That one is `connected` when any of the tries was. `without_connection` is how often it is tried when nothing answers at all, None for
        as often as else.
        """
        patience, began = self.patience, time.monotonic()
        heard = False

        def give_up(state: RetryCallState) -> bool:
            nonlocal heard
            error, left = _error(state), patience.seconds - (time.monotonic() - began)
            limit = patience.attempts
            if not error.connected and without_connection is not None:
                limit = min(limit, without_connection)
            # Work that takes longer than all patience (a large layer on a slow line) still gets a second chance.
            late = left <= 0 and state.attempt_number >= _CHANCES
            heard = heard or error.connected
            error.connected = heard
            if self._stopped.is_set():
                return True
            return state.attempt_number >= limit or late or (error.after or 0.0) > max(left, patience.longest)

        def tell(state: RetryCallState) -> None:
            with self._lock:
                self._count += 1
            self.on_retry(f"{what}: {_error(state).reason}", state.attempt_number, state.upcoming_sleep)

        drawn = wait_random_exponential(multiplier=patience.pause, max=patience.longest)
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=give_up,
            # The jitter comes on top: all that was told to wait a second would come back in the same instant.
            wait=lambda state: (_error(state).after or 0.0) + drawn(state),
            sleep=self.pause,
            before_sleep=tell,
            reraise=True,
        )
        self.check()
        try:
            return retrying(work)
        except TransientError:
            self.check()
            raise


def _error(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TransientError) else TransientError("")
