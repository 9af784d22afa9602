"""An engine's containers and images, faked at the seam of the Docker SDK."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import docker
from docker.errors import APIError, ImageNotFound, NotFound

Chunk = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a program writes, and how it ends: with a status, by an error in the middle, or (`hangs`) only when it is killed."""

    output: Sequence[Chunk] = ()
    status: int | None = 0
    hangs: bool = False
    error: BaseException | None = None

    def stream(self, container: FakeContainer) -> Iterator[Chunk]:
        for chunk in self.output:
            if not container.killed.is_set():
                yield chunk
        if self.error is not None:
            raise self.error
        if self.hangs:
            assert container.killed.wait(10), "nobody killed it"


def says(stdout: bytes = b"", stderr: bytes = b"", *, status: int | None = 0) -> Program:
    return Program(output=((stdout, None), (None, stderr)), status=status)


class Connection:
    """Both streams of a program as frames, each with a header that says which stream and how long.

    Source: https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach
    """

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._frames = (
            struct.pack(">BxxxL", number, len(data)) + data
            for chunk in chunks
            for number, data in enumerate(chunk, start=1)
            if data
        )
        self._left = b""
        self._ready = Path(os.devnull).open("rb")  # noqa: SIM115 - polled for as long as the connection lives
        self.closed = False

    def fileno(self) -> int:
        return self._ready.fileno()

    def recv(self, size: int) -> bytes:
        self._left = self._left or next(self._frames, b"")
        data, self._left = self._left[:size], self._left[size:]
        return data

    def close(self) -> None:
        self._ready.close()
        self.closed = True


@dataclass
class FakeContainer:
    """A container; `files` are the archives that were put into it."""

    engine: FakeEngine
    image: str
    options: dict[str, Any]
    id: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    killed: threading.Event = field(default_factory=threading.Event)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    removed: int = 0
    started: bool = False

    def start(self) -> None:
        self.engine.check("start")
        self.started = True

    def kill(self) -> None:
        self.engine.log.append("kill")
        self.killed.set()
        self.engine.check("kill")

    def wait(self, *, timeout: float) -> dict[str, int]:
        assert timeout > 0
        program = self.engine.running[self.id]
        return {"StatusCode": 137 if self.killed.is_set() else program.status or 0}

    def put_archive(self, path: str, data: bytes) -> None:
        self.engine.check("put_archive")
        self.files.append((path, data))

    def remove(self, *, force: bool, v: bool) -> None:
        assert force
        assert v
        self.removed += 1
        self.killed.set()
        self.engine.check("remove")


@dataclass
class FakeImage:
    """An image under all its names."""

    engine: FakeEngine
    id: str
    tags: list[str]
    attrs: dict[str, Any] = field(default_factory=lambda: {"Size": 123})

    def tag(self, repository: str, *, tag: str) -> None:
        self.engine.names[f"{repository}:{tag}"] = self.id


class FakeEngine:
    """As much of `docker.DockerClient` as proofs use; it is its own `images`, `containers` and `api`.

    `program` decides what a command does; `trouble` maps an operation to the error that it raises; `names` are references and ids.
    """

    def __init__(self, *names: str, program: Callable[[tuple[str, ...]], Program] = lambda _: Program()) -> None:
        self.images = self.containers = self.api = self
        self.names = dict.fromkeys((*names, "sha256:image"), "sha256:image")
        self.program = program
        self.made: list[FakeContainer] = []
        self.left: list[FakeContainer] = []
        self.running: dict[str, Program] = {}
        self.asked: list[dict[str, Any]] = []
        self.connections: list[Connection] = []
        self.archive: Iterator[bytes] = iter(())
        self.trouble: dict[str, BaseException] = {}
        self.log: list[str] = []
        self.closed = False

    @property
    def client(self) -> docker.DockerClient:
        return cast("docker.DockerClient", self)

    def check(self, operation: str) -> None:
        if operation in self.trouble:
            raise self.trouble[operation]

    def close(self) -> None:
        self.closed = True

    def get(self, reference: str) -> FakeImage:
        self.check("get")
        if reference not in self.names:
            raise ImageNotFound(reference)
        return FakeImage(self, self.names[reference], [reference])

    def get_image(self, digest: str) -> Iterator[bytes]:
        self.check("get_image")
        self.log.append(f"save {digest}")
        return self.archive

    def create(self, image: str, **options: Any) -> FakeContainer:
        self.check("create")
        container = FakeContainer(self, image, options, id=f"container{len(self.made)}", labels=options["labels"])
        self.made.append(container)
        return container

    def list(self, **options: Any) -> Sequence[Any]:
        if options.get("all"):
            assert options == {"all": True, "filters": {"label": "orchestrator.proof"}, "ignore_removed": True}
            return self.left
        assert options == {"filters": {"reference": "orchestrator.local/proof/*"}}
        return [FakeImage(self, name, [name]) for name in self.names if name.startswith("orchestrator.local/proof/")]

    def remove(self, reference: str, *, force: bool) -> None:
        assert force
        self.check("remove image")
        if self.names.pop(reference, None) is None:
            raise ImageNotFound(reference)

    def exec_create(
        self, container: str, argv: Sequence[str], *, environment: dict[str, str], workdir: str | None
    ) -> dict[str, str]:
        self.check("exec_create")
        found = self._running(container)
        self.asked.append({"argv": tuple(argv), "environment": environment, "workdir": workdir, "container": found.id})
        number = f"exec{len(self.asked)}"
        self.running[number] = self.program(tuple(argv))
        return {"Id": number}

    def exec_start(self, number: str, *, socket: bool) -> Connection:
        assert socket
        container = self._running(self.asked[int(number.removeprefix("exec")) - 1]["container"])
        connection = Connection(self.running[number].stream(container))
        self.connections.append(connection)
        return connection

    def exec_inspect(self, number: str) -> dict[str, int | None]:
        container = self._running(self.asked[int(number.removeprefix("exec")) - 1]["container"])
        return {"ExitCode": None if container.killed.is_set() else self.running[number].status}

    def attach_socket(self, container: str, params: Mapping[str, int]) -> Connection:
        assert params == {"stdout": 1, "stderr": 1, "stream": 1}
        (found,) = (one for one in self.made if one.id == container)
        assert not found.started, "what it writes first would be missed"
        command = (*(found.options.get("entrypoint") or ()), *(found.options.get("command") or ()))
        self.running[container] = self.program(command)
        connection = Connection(self.running[container].stream(found))
        self.connections.append(connection)
        return connection

    def _running(self, container: str) -> FakeContainer:
        (found,) = (one for one in self.made if one.id == container)
        if found.removed:
            raise NotFound("gone", explanation="No such container")
        return found

    @property
    def leftovers(self) -> Sequence[FakeContainer]:
        """Containers that nobody removed."""
        return [one for one in self.made if not one.removed]


def refusal(explanation: str) -> APIError:
    return APIError("refused", explanation=explanation)
