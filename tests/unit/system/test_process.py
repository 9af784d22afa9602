"""What is read of a process, without starting one."""

from __future__ import annotations

import os
import threading

from orchestrator.system.process import _pump


def test_a_pipe_that_was_closed_before_it_is_read_is_at_its_end() -> None:
    read, write = os.pipe()
    os.write(write, b"text")
    heard: list[bytes] = []
    pipe = os.fdopen(read, "rb", buffering=0)
    pipe.close()
    failures: list[Exception] = []
    _pump(pipe, "stdout", lambda _, data: heard.append(data), threading.Event(), failures)
    os.close(write)
    assert (heard, failures) == ([], [])
