"""Programs in containers, run to their end with a limit on time and output; whatever goes beyond is killed with its container."""

from __future__ import annotations

import contextlib
import io
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.utils.socket import demux_adaptor, frames_iter
from requests.exceptions import RequestException

from orchestrator.prove.containers.limits import OUTPUT_BYTES
from orchestrator.prove.model import ProofFailedError, Ran

#: A piece of stdout or of stderr.
Chunk = tuple[bytes | None, bytes | None]
_BOTH = {"stdout": 1, "stderr": 1, "stream": 1}


class Guard:
    """Kills a container at a time limit, or when it writes too much; remembers why."""

    def __init__(self, container: Any, seconds: float) -> None:
        self._container = container
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self.kill, args=(f"it did not end within {seconds:.0f} s",))
        self.reason = ""

    def kill(self, reason: str) -> None:
        """Kill the container for a reason."""
        self.reason = self.reason or reason
        with contextlib.suppress(APIError, DockerException, RequestException):
            self._container.kill()

    def __enter__(self) -> Self:
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


@dataclass(slots=True)
class _Collected:
    """Both streams, as far as they were read."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    @property
    def size(self) -> int:
        return len(self.stdout) + len(self.stderr)

    def ran(self, status: int, seconds: float) -> Ran:
        return Ran(
            status=status,
            stdout=self.stdout.decode("utf-8", "replace"),
            stderr=self.stderr.decode("utf-8", "replace"),
            seconds=round(seconds, 3),
        )


class RunningSandbox:
    """A container that sleeps while programs are executed in it; `dead` once it had to be killed."""

    def __init__(self, client: docker.DockerClient, container: Any, limit: Iterable[float]) -> None:
        self._client = client
        self._container = container
        self._limit = iter(limit)
        self.dead = False

    def execute(
        self, argv: Sequence[str], *, environment: Mapping[str, str] | None = None, directory: str | None = None
    ) -> Ran:
        """Run a program to its end, within the limits. Raises `ProofFailedError`."""
        started = time.monotonic()
        collected = _Collected()
        with Guard(self._container, next(self._limit)) as guard:
            try:
                number = self._client.api.exec_create(
                    self._container.id, list(argv), environment=dict(environment or {}), workdir=directory
                )["Id"]
                with _reading(self._client.api.exec_start(number, socket=True)) as output:
                    _collect(output, collected, guard)
                status = self._client.api.exec_inspect(number)["ExitCode"]
            except (APIError, NotFound) as error:
                status = None
                guard.reason = guard.reason or f"the container does not run: {error.explanation or error}"
        ran = collected.ran(-1 if status is None else int(status), time.monotonic() - started)
        if guard.reason or status is None:
            self.dead = True
            raise ProofFailedError(
                f"{_program(argv)}: {guard.reason or 'the container died under it'}", output=ran.output
            )
        # What it left running would meet the next program: that one starts afresh.
        self.dead = ran.status != 0
        return ran

    def remove(self) -> None:
        """Remove the container."""
        remove(self._container)

    def put(self, directory: str, files: Mapping[str, bytes]) -> None:
        """Write files below a directory."""
        put(self._container, {directory: files})


def run_to_end(client: docker.DockerClient, container: Any, seconds: float) -> Ran:
    """Start a container and wait for its end, within the limits. Raises `ProofFailedError`."""
    started = time.monotonic()
    collected = _Collected()
    with Guard(container, seconds) as guard:
        try:
            # Attached before it starts, so that nothing is missed.
            with _reading(client.api.attach_socket(container.id, _BOTH)) as output:
                container.start()
                _collect(output, collected, guard)
            status = int(container.wait(timeout=seconds + 60)["StatusCode"])
        except APIError as error:
            raise ProofFailedError(f"the container does not start: {error.explanation or error}") from None
    ran = collected.ran(status, time.monotonic() - started)
    if guard.reason:
        raise ProofFailedError(guard.reason, output=ran.output)
    return ran


def put(container: Any, files: Mapping[str, Mapping[str, bytes]]) -> None:
    """Write files (by directory, then relative path) into a container, running or not yet started."""
    try:
        for directory, content in files.items():
            container.put_archive("/", archive(directory, content))
    except APIError as error:
        raise ProofFailedError(f"nothing can be written into the container: {error.explanation or error}") from None


def remove(container: Any) -> None:
    """Remove a container with its volumes; one that is gone already is no error, nor an engine that does not answer: it is swept later."""
    with contextlib.suppress(APIError, RequestException):
        container.remove(force=True, v=True)


def archive(directory: str, files: Mapping[str, bytes]) -> bytes:
    """Pack files for `put_archive` on /, everything readable to everybody."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(f"{directory.strip('/')}/{path}")
            member.size, member.mode, member.mtime = len(content), 0o644, int(time.time())
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


@contextlib.contextmanager
def _reading(stream: Any) -> Iterator[Iterator[Chunk]]:
    """Give both streams of a connection, and close it; the SDK's own iterators leave that to the garbage collector."""
    frames: Any = frames_iter
    try:
        yield (demux_adaptor(*frame) for frame in frames(stream, tty=False))
    finally:
        # The SDK hangs the response on the stream; both hold the socket open.
        for held in (getattr(stream, "_response", None), stream):
            if held is not None:
                held.close()


def _collect(output: Iterator[Chunk], collected: _Collected, guard: Guard) -> None:
    # The stream of a container that was killed may end in the middle; the errors of requests are `OSError`s, too.
    with contextlib.suppress(OSError):
        for stdout, stderr in output:
            left = max(OUTPUT_BYTES - collected.size, 0)
            collected.stdout += (stdout or b"")[:left]
            collected.stderr += (stderr or b"")[:left]
            if left == 0 and not guard.reason:
                guard.kill(f"it wrote more than {OUTPUT_BYTES // 1024} KiB")


def _program(argv: Sequence[str]) -> str:
    words = " ".join(argv[:2] if len(argv) > 1 and not argv[1].startswith("-c") else argv[:1])
    return words[:60]
