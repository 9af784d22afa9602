"""A process that is written to and read from in turns, where `process.run` is for one question and all of its answer."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.system.process import Cancellation, Command, opened

_KEPT = 4000


@dataclass(slots=True)
class Dialogue:
    """The open pipes of a process; `said` is the end of what it wrote to stderr."""

    process: subprocess.Popen[bytes]
    ends: float
    cancellation: Cancellation
    said: bytes = b""
    _silent: bool = False

    def send(self, data: bytes) -> None:
        """Write all of it. Raises `OSError` when the process does not read any more."""
        pipe, left = self.process.stdin, memoryview(data)
        while pipe is not None and left:
            left = left[pipe.write(left) or 0 :]

    def receive(self) -> bytes:
        """Read what there is, waiting for something; empty at the end. Raises `TimeoutError` after the command's time, or when cancelled."""
        out, err = self.process.stdout, self.process.stderr
        if out is None or err is None:
            return b""
        while not self.cancellation.requested and (left := self.ends - time.monotonic()) > 0:
            waiting = select.poll()
            for pipe in (out, *(() if self._silent else (err,))):
                waiting.register(pipe, select.POLLIN)
            ready = {handle for handle, _ in waiting.poll(min(left, 0.1) * 1000)}
            if err.fileno() in ready:
                more = os.read(err.fileno(), 65536)
                self._silent = not more
                self.said = (self.said + more)[-_KEPT:]
            if out.fileno() in ready:
                return os.read(out.fileno(), 65536)
        raise TimeoutError("stopped on request" if self.cancellation.requested else "no answer in time")


@contextlib.contextmanager
def dialogue(command: Command, cancellation: Cancellation) -> Iterator[Dialogue]:
    """Start a process to talk to; it is ended with the context. Raises `EnvironmentFailedError` when it cannot be started."""
    with opened(replace(command, stdin=b"")) as process:
        ends = time.monotonic() + (float("inf") if command.timeout is None else command.timeout)
        try:
            yield Dialogue(process=process, ends=ends, cancellation=cancellation)
        finally:
            # Most programs end by themselves when nobody writes to them any more; buildx does not end at TERM.
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
