"""The one place that starts processes.

argv lists only, no shell, stdin closed, a session of its own, a time limit, and TERM then KILL to the whole group:
a build tool that is killed alone leaves its children behind, and a Ctrl-C meant for us must not reach it by itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from orchestrator.errors import EnvironmentFailedError

#: Seconds between TERM and KILL of a process group.
GRACE_SECONDS = 5.0

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to start: argv, and how.

    `environment` is the whole environment of the child, or None to inherit ours unchanged (this program never changes its own); it may hold
    secrets, and is not shown.
    `timeout` is in seconds; None means that the caller limits it by other means.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    directory: Path | None = None
    timeout: float | None = 60.0
    stdin: bytes | None = None

    def __str__(self) -> str:
        return shlex.join(self.argv)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a process ended. `status` is negative for a signal, as in `subprocess`."""

    command: Command
    status: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """True when the process ended by itself with status 0."""
        return self.status == 0 and not self.timed_out

    @property
    def text(self) -> str:
        """Stdout, decoded and stripped."""
        return self.stdout.decode("utf-8", "replace").strip()

    @property
    def reason(self) -> str:
        """Say in one line why it failed: the last line of stderr (else stdout), or the time limit."""
        if self.timed_out:
            return f"no end after {self.seconds:.0f} s"
        for stream in (self.stderr, self.stdout):
            lines = [line.strip() for line in stream.decode("utf-8", "replace").splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return f"exit status {self.status}"


class Runner(Protocol):
    """The seam: what starts a process and waits for it."""

    def __call__(self, command: Command, /) -> Completed:
        """Run to the end and return how it went. Raises `EnvironmentFailedError` only when it cannot be started."""


def run(command: Command, *, cancellation: Cancellation | None = None) -> Completed:
    """Run a command to its end (or until cancelled), collecting both streams.

    Raises `EnvironmentFailedError` when the program does not exist or may not be executed; a bad status is returned, not raised.
    """
    chunks: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
    ended = stream(command, on_output=lambda name, data: chunks[name].extend(data), cancellation=cancellation)
    return Completed(
        command=command,
        status=ended.status,
        stdout=bytes(chunks["stdout"]),
        stderr=bytes(chunks["stderr"]),
        seconds=ended.seconds,
        timed_out=ended.timed_out,
    )


@dataclass(slots=True)
class Cancellation:
    """A request to stop, shared between the thread that decides and those that wait for processes."""

    _event: threading.Event = field(default_factory=threading.Event)
    _calls: list[Callable[[], None]] = field(default_factory=list)

    def cancel(self) -> None:
        """Ask everybody who watches to stop, and make the calls that were asked for."""
        self._event.set()
        for call in tuple(self._calls):
            call()

    def on_cancel(self, call: Callable[[], None]) -> None:
        """Have something called (in the thread that cancels) that ends what somebody waits for."""
        self._calls.append(call)

    def forget(self, call: Callable[[], None]) -> None:
        """Take such a call back."""
        self._calls.remove(call)

    @property
    def requested(self) -> bool:
        """True once somebody asked."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; True when cancelled meanwhile."""
        return self._event.wait(seconds)


def stream(
    command: Command,
    *,
    on_output: Callable[[Stream, bytes], None],
    cancellation: Cancellation | None = None,
) -> Completed:
    """Run a command, handing on its output as it comes (calls come from two threads, never two for one stream).

    Ends the whole process group at the time limit or on cancellation; children that outlive a command and keep its pipes open are ended
    after `GRACE_SECONDS`. What `on_output` raises ends the group, too, and is raised here. stdout and stderr of the result are empty: the
    caller had them.
    """
    started = time.monotonic()
    stop = threading.Event()
    failures: list[Exception] = []
    with opened(command) as process:
        readers = [
            threading.Thread(target=_pump, args=(pipe, name, on_output, stop, failures), daemon=True)
            for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr))
        ]
        if command.stdin is not None and process.stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, command.stdin), daemon=True).start()
        try:
            for reader in readers:
                reader.start()
            timed_out = False
            while process.poll() is None:
                left = None if command.timeout is None else command.timeout - (time.monotonic() - started)
                timed_out = left is not None and left <= 0
                if timed_out or failures or (cancellation is not None and cancellation.requested):
                    end_group(process)
                    break
                _wait(process, 0.1 if left is None else min(0.1, max(left, 0.0)))
            status = process.wait()
            _finish(process, readers)
        finally:
            stop.set()
            for reader in readers:
                if reader.ident is not None:
                    reader.join()
    if failures:
        raise failures[0]
    return Completed(
        command=command,
        status=status,
        stdout=b"",
        stderr=b"",
        seconds=time.monotonic() - started,
        timed_out=timed_out,
    )


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end, for so long at most. `Popen.wait` looks at ever longer intervals, which doubles the time of quick commands.

    Source: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
    """
    try:
        handle = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # an older kernel, or it has ended and been reaped
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        return
    try:
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        waiting.poll(seconds * 1000)
    finally:
        os.close(handle)


def start_daemon(argv: Sequence[str], *, environment: Mapping[str, str] | None, log: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one, in a session of its own, both streams appended to `log`."""
    with log.open("ab") as out:
        try:
            return subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, start_new_session=True
            )
        except OSError as error:
            raise EnvironmentFailedError(
                f"{argv[0]} cannot be started: {error.strerror}",
                mend="run 'orchestrator doctor' to see what is missing",
            ) from error


def end_group(process: subprocess.Popen[bytes], *, grace: float = GRACE_SECONDS) -> None:
    """TERM to the process's group, KILL to whatever of it is left after `grace` seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if process.poll() is not None and not _group_alive(process.pid):
                return
            time.sleep(0.02)


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # In a container whose first process does not reap, orphans stay zombies for ever: they are not alive.
    states = [state for found, state in _processes() if found == group]
    return any(state not in {"Z", "X"} for state in states) if states else not Path("/proc/self/stat").exists()


def _processes() -> Iterator[tuple[int, str]]:
    """Give group and state of every process.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end while it is looked at
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            yield int(fields[2]), fields[0]


@contextlib.contextmanager
def opened(command: Command) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a group of its own that ends with the context; its time limit is the caller's to keep.

    stdin is a pipe where the command has some (it is not written), else closed. Raises `EnvironmentFailedError` when it cannot be started.
    """
    try:
        process = subprocess.Popen(
            list(command.argv),
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # closing a buffered pipe waits for a thread that reads from it
            env=None if command.environment is None else dict(command.environment),
            cwd=command.directory,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentFailedError(
            f"{command.argv[0]} cannot be started: {error.strerror}",
            mend="run 'orchestrator doctor' to see what is missing",
        ) from error
    try:
        yield process
    finally:
        if process.poll() is None:
            end_group(process)
        for pipe in (process.stdout, process.stderr, process.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _finish(process: subprocess.Popen[bytes], readers: Sequence[threading.Thread]) -> None:
    """Wait for the rest of the output; end children of the group that hold the pipes open for longer than the grace time."""
    deadline = time.monotonic() + GRACE_SECONDS
    for reader in readers:
        reader.join(timeout=max(deadline - time.monotonic(), 0.0))
    if any(reader.is_alive() for reader in readers):
        end_group(process)
        for reader in readers:
            reader.join(timeout=1.0)


def _pump(
    pipe: IO[bytes],
    name: Stream,
    on_output: Callable[[Stream, bytes], None],
    stop: threading.Event,
    failures: list[Exception],
) -> None:
    waiting = select.poll()
    while not stop.is_set():
        try:
            waiting.register(pipe, select.POLLIN)
            data = pipe.read(65536) if waiting.poll(100) else None
        except ValueError:
            return  # closed: a Ctrl-C that came while this thread was being started lets nobody wait for it
        if data is None:
            continue
        if not data:
            return
        # After a failure the pipe is still emptied: a child that cannot write would never end.
        if not failures:
            try:
                on_output(name, data)
            except Exception as error:  # noqa: BLE001 - it is raised again, in the caller's thread
                failures.append(error)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    left = memoryview(data)
    with contextlib.suppress(ValueError, OSError):  # it does not want more, or has been ended
        while left:
            left = left[pipe.write(left) :]
        pipe.close()
