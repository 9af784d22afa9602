"""Killing a publishing run at the very request that is meant: the proxy between it and the registry pulls the trigger."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.integration.flaky import Flaky
from tests.integration.small_command import Going


class Stage(StrEnum):
    """What a request belongs to: all before the first tag is set; the tags; reading back. `TIME` is no request, but a moment."""

    CONTENT = "content"
    TAGS = "tags"
    BACK = "back"
    TIME = "time"


class Victim(StrEnum):
    """Who is killed: the run alone, its children with it (as when the machine loses power), or these alone."""

    RUN = "the run"
    BOTH = "both"
    CHILDREN = "its children"


@dataclass(frozen=True, kw_only=True)
class Point:
    """At the `number`th request of a stage (from 1), which does not get through, or has `after` all; or after some seconds."""

    stage: Stage
    number: int = 1
    after: bool = False
    seconds: float = 0.0
    victim: Victim = Victim.RUN


@dataclass(kw_only=True)
class Trap:
    """Counts what a run asks; at the point it kills who is meant, and goes on when they are dead. `children` are those that it had then."""

    point: Point
    process: subprocess.Popen[str]
    sprung: bool = False
    children: tuple[int, ...] = ()
    counts: Counter[Stage] = field(default_factory=Counter)
    _marked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def let(self, method: str, path: str) -> bool:
        """Let a request through, unless the run dies at it."""
        with self._lock:
            stage = stage_of(method, path, tagging=self.counts[Stage.TAGS] > 0)
            self.counts[stage] += 1
            if (stage, self.counts[stage]) != (self.point.stage, self.point.number):
                return True
            if self.point.after:
                self._marked = threading.get_ident()
                return True
            self.kill()
            return False

    def after(self, _method: str, _path: str) -> None:
        """The registry has done what was asked by this thread."""
        if self._marked == threading.get_ident() and not self.sprung:
            self.kill()

    def kill(self) -> None:
        """Do it."""
        self.children, self.sprung = _children(self.process.pid), True
        # The run first: it would take over from its children.
        victims = (self.process.pid, *self.children)
        if self.point.victim is not Victim.BOTH:
            victims = self.children if self.point.victim is Victim.CHILDREN else (self.process.pid,)
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.point.victim is not Victim.CHILDREN:
            self.process.wait(timeout=10)

    def await_children(self, *, seconds: float = 30) -> None:
        """Wait until those that outlive the run have ended."""
        deadline = time.monotonic() + seconds
        while any(_lives(pid) for pid in self.children):
            assert time.monotonic() < deadline, f"{self.children} live on after {self.point}"
            time.sleep(0.01)


def _children(pid: int) -> tuple[int, ...]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, path.read_text(encoding="utf-8").split())
    return tuple(found)


def _lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def stage_of(method: str, path: str, *, tagging: bool) -> Stage:
    """Tell what a request belongs to; `tagging` says that tags have been set before."""
    reference = path.partition("/manifests/")[2]
    # Attachments are listed under tags that begin like that.
    if method == "PUT" and reference and not reference.startswith("sha256"):
        return Stage.TAGS
    return Stage.BACK if tagging else Stage.CONTENT


def killed_at(point: Point, going: Going, proxy: Flaky, *, seconds: float = 60) -> Trap:
    """Wait until a run was killed at a point, or ended by itself before that (then the trap has not sprung)."""
    trap = Trap(point=point, process=going.process)
    timed = point.stage is Stage.TIME
    with _set(proxy, trap):
        try:
            going.process.wait(timeout=point.seconds if timed else seconds)
        except subprocess.TimeoutExpired:
            assert timed, f"it hangs: {trap.counts}: {going.err}"
            trap.kill()
        trap.await_children()
    return trap


@contextlib.contextmanager
def _set(proxy: Flaky, trap: Trap) -> Iterator[Trap]:
    free = proxy.let, proxy.after
    proxy.let, proxy.after = trap.let, trap.after
    try:
        yield trap
    finally:
        proxy.let, proxy.after = free
