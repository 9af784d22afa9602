"""A registry that has had enough is left alone by everybody, until the time that it named has passed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds that everybody waits for at most, whatever was named: the request that was refused has its own patience.
_LONGEST = 60.0


@dataclass(kw_only=True, slots=True)
class Gate:
    """Shut for a while after a 429 or a 503 with Retry-After. `sleep` waits, and may raise to end that. Threads share it.

    Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shut(self, seconds: float | None) -> None:
        """Let nobody through for so many seconds; None changes nothing."""
        if seconds is not None:
            with self._lock:
                self._until = max(self._until, self.clock() + min(seconds, _LONGEST))

    def wait(self) -> None:
        """Wait until it opens."""
        if (left := self._until - self.clock()) > 0:
            self.sleep(left)
