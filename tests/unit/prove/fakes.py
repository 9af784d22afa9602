"""An engine's containers, faked at the seam of the Docker SDK, and a subject that says what it is told to."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from orchestrator.matrix.model import Cell
from orchestrator.prove.interpreter import MODULES
from orchestrator.prove.model import ProofFailedError


def elf(machine: int = 62, *, bits: int = 64, order: str = "little") -> bytes:
    """The first bytes of an ELF program."""
    header = b"\x7fELF" + bytes([bits // 32, 1 if order == "little" else 2, 1]) + bytes(9)
    small: Any = order
    return header + (3).to_bytes(2, small) + machine.to_bytes(2, small) + bytes(44)


def archive(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, len(content), target
        tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class FakeContainer:
    """Ends with `status` after saying `output`; with `hangs`, only once it is killed."""

    def __init__(self, engine: FakeEngine, *, labels: dict[str, str] | None = None) -> None:
        self.engine = engine
        self.labels = labels or {}
        self.killed = threading.Event()

    def start(self) -> None:
        if self.engine.refuses_start:
            raise APIError("start", explanation="exec format error")
        self.engine.log.append("start")

    def wait(self, *, timeout: float) -> dict[str, int]:
        assert timeout > 0
        if self.engine.hangs:
            assert self.killed.wait(10), "nobody killed it"
            return {"StatusCode": 137}
        return {"StatusCode": self.engine.status}

    def kill(self) -> None:
        self.engine.log.append("kill")
        self.killed.set()

    def logs(self, *, stdout: bool, stderr: bool) -> bytes:
        assert stdout
        assert stderr
        return self.engine.output

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, Any]]:
        if path not in self.engine.files:
            raise NotFound("no such file")
        data, size = self.engine.files[path]
        return iter([data[:100], data[100:]]), {"size": size}

    def remove(self, *, force: bool, v: bool) -> None:
        assert force
        assert v
        self.engine.log.append("remove")


class FakeEngine:
    """As much of `docker.DockerClient` as proofs use: it is its own `images` and `containers`."""

    def __init__(self, *, attrs: dict[str, Any] | None = None) -> None:
        self.attrs = attrs or {"Os": "linux", "Architecture": "amd64", "Size": 123}
        self.id = "sha256:image"
        self.files: dict[str, tuple[bytes, int]] = {}
        self.output = b""
        self.status = 0
        self.hangs = False
        self.refuses_start = False
        self.refuses_create = False
        self.missing = False
        self.left: list[FakeContainer] = []
        self.log: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.images = self
        self.containers = self

    def get(self, _reference: str) -> FakeEngine:
        if self.missing:
            raise ImageNotFound("no such image")
        return self

    def create(self, image: str, **options: Any) -> FakeContainer:
        if self.refuses_create:
            raise APIError("create", explanation="no such platform")
        self.created.append({"image": image, **options})
        self.log.append("create")
        return FakeContainer(self)

    def list(self, *, all: bool, filters: dict[str, str]) -> list[FakeContainer]:  # noqa: A002 - the SDK's name
        assert all
        assert filters == {"label": "orchestrator.proof"}
        return self.left


def seen(cell: Cell, **changes: Any) -> dict[str, Any]:
    """What the interpreter's probe says in a right image."""
    line = cell.image.line
    machines = {"amd64": "x86_64", "arm64": "aarch64"}
    return {
        "version": line.release,
        "machine": machines[cell.architecture.platform.architecture],
        "modules": dict.fromkeys(MODULES, ""),
        "pip": f"pip {line.pip.version} from /usr/local/lib/python{line.name}/site-packages/pip (python {line.name})",
    } | changes


class FakeSubject:
    """A subject that is right in everything but what it is given."""

    def __init__(
        self, cell: Cell, *, config: dict[str, Any] | None = None, file: bytes | None = b"", **probe: Any
    ) -> None:
        platform = cell.architecture.platform
        self.cell = cell
        self.config: dict[str, Any] = config or {
            "Os": platform.os,
            "Architecture": platform.architecture,
            "Variant": platform.variant or "",
        }
        self._file = file if file != b"" else elf({"amd64": 62, "arm64": 183}[platform.architecture])
        self._probe = json.loads(json.dumps(seen(cell, **probe)))

    def file(self, path: str) -> bytes:
        assert path == f"/usr/local/bin/python{self.cell.image.line.name}"
        if self._file is None:
            raise ProofFailedError(f"there is no {path}")
        return self._file

    def probe(self, name: str, *arguments: str) -> dict[str, Any]:
        assert (name, arguments) == ("interpreter", MODULES)
        found: dict[str, Any] = self._probe
        return found
