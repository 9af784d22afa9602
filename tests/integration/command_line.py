"""Calling the command as a user does: a process of its own, its streams apart, its exit code kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Called:
    """How a call ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Any:
        """What --json put on stdout."""
        return json.loads(self.out)


class Running:
    """A call that has not ended, in a session of its own like a terminal's foreground job."""

    def __init__(self, process: subprocess.Popen[str], err: Path) -> None:
        self.process = process
        self._err = err

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text: str, *, seconds: float) -> None:
        """Wait until it has written `text`; fails when it ends before that."""
        deadline = time.monotonic() + seconds
        while text not in self.err:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.err}"
            assert time.monotonic() < deadline, f"no {text!r} after {seconds} s: {self.err}"
            time.sleep(0.2)

    def interrupt(self) -> tuple[int, float]:
        """Send what Ctrl-C sends to the whole foreground group; returns the exit code and the seconds until it ended."""
        started = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=60), time.monotonic() - started


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """The command with its environment."""

    environment: Mapping[str, str]
    state: Path

    def __call__(self, *args: str, timeout: float = 600) -> Called:
        """Run it to the end."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", *args],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=dict(self.environment),
            timeout=timeout,
        )
        return Called(code=done.returncode, out=done.stdout, err=done.stderr, seconds=time.monotonic() - started)

    def start(self, *args: str, err: Path) -> Running:
        """Start it and come back at once; stderr goes to the file `err`."""
        with err.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator", *args],
                stdout=subprocess.DEVNULL,
                stderr=stream,
                text=True,
                cwd=ROOT,
                env=dict(self.environment),
                start_new_session=True,
            )
        return Running(process, err)
