"""An image under proof on a real engine: inspected, copied out of, and run in a container without network that is always removed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from orchestrator.errors import EnvironmentFailedError, UsageError
from orchestrator.matrix.model import Cell
from orchestrator.prove.model import ProofFailedError

PROBES = Path(__file__).parent / "probes"
#: Containers carry it, so that those of a killed run can be found and removed.
LABEL = "orchestrator.proof"
#: Whose it is: host, process and the process's start, so that nobody removes what another run still works with.
OWNER = "orchestrator.owner"
_LARGEST_FILE = 256 * 1024 * 1024


class ContainerSubject:
    """An image in the engine, as a `Subject`. `timeout` limits a probe, in seconds."""

    def __init__(self, client: docker.DockerClient, cell: Cell, reference: str, *, timeout: float) -> None:
        self._client = client
        self._cell = cell
        self._reference = reference
        self._timeout = timeout
        self._seen: dict[tuple[str, ...], dict[str, Any] | ProofFailedError] = {}
        try:
            image = client.images.get(reference)
        except ImageNotFound:
            raise UsageError(
                f"there is no image {reference} in the engine", mend=f"run 'orchestrator build {cell.id}' first"
            ) from None
        except DockerException as error:
            raise EnvironmentFailedError(
                f"the engine does not answer: {error}", mend="run 'orchestrator doctor'"
            ) from error
        self._id = str(image.id)
        self._config: dict[str, Any] = image.attrs

    @property
    def cell(self) -> Cell:
        """What the image claims to be."""
        return self._cell

    @property
    def config(self) -> dict[str, Any]:
        """`docker image inspect` of it."""
        return self._config

    @property
    def size(self) -> int:
        """Bytes, as the engine counts them."""
        return int(self._config.get("Size") or 0)

    def file(self, path: str) -> bytes:
        """Copy a regular file out of a container that is never started."""
        with self._container(["true"]) as container:
            try:
                pieces, stat = container.get_archive(path)
            except NotFound:
                raise ProofFailedError(f"there is no {path}") from None
            if int(stat.get("size", 0)) > _LARGEST_FILE:
                raise ProofFailedError(f"{path} is implausibly large")
            with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
                member = archive.next()
                content = archive.extractfile(member) if member is not None and member.isreg() else None
                if content is None:
                    raise ProofFailedError(f"{path} is not a regular file")
                return content.read()

    def probe(self, name: str, *arguments: str) -> dict[str, Any]:
        """Run `probes/<name>.py` inside, once per set of arguments."""
        asked = (name, *arguments)
        if asked not in self._seen:
            try:
                self._seen[asked] = self._run(name, arguments)
            except ProofFailedError as error:
                self._seen[asked] = error
        seen = self._seen[asked]
        if isinstance(seen, ProofFailedError):
            raise seen
        return seen

    def _run(self, name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
        script = (PROBES / f"{name}.py").read_text(encoding="utf-8")
        with self._container(["python", "-c", script, *arguments]) as container:
            try:
                container.start()
            except APIError as error:
                raise ProofFailedError(f"the container does not start: {error.explanation or error}") from None
            # BusyBox before 1.30 has another `timeout`, so the limit is kept from here.
            killer = threading.Timer(self._timeout, _kill, args=(container,))
            killer.start()
            try:
                status = int(container.wait(timeout=self._timeout + 60)["StatusCode"])
                output = container.logs(stdout=True, stderr=True).decode("utf-8", "replace")
            except NotFound:
                raise ProofFailedError("the container was removed by somebody else") from None
            finally:
                killer.cancel()
        found = [line.removeprefix("probe:") for line in output.splitlines() if line.startswith("probe:")]
        if status != 0 or not found:
            last = next((line for line in reversed(output.splitlines()) if line.strip()), "no output")
            hint = f" (limit {self._timeout:.0f} s)" if status == 137 else ""
            raise ProofFailedError(f"the probe {name} ended with status {status}{hint}: {last[:300]}")
        try:
            seen = json.loads(found[-1])
        except ValueError:
            raise ProofFailedError(f"the probe {name} wrote something that is not JSON: {found[-1][:200]}") from None
        if not isinstance(seen, dict):
            raise ProofFailedError(f"the probe {name} wrote JSON that is not an object: {found[-1][:200]}")
        return seen

    @contextlib.contextmanager
    def _container(self, command: list[str]) -> Iterator[Any]:
        try:
            container = self._client.containers.create(
                self._id,
                command=command,
                network_mode="none",
                labels={LABEL: self._cell.id, OWNER: _owner()},
                mem_limit="1g",
                pids_limit=256,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                platform=str(self._cell.architecture.platform),
            )
        except APIError as error:
            raise ProofFailedError(f"no container can be made of it: {error.explanation or error}") from None
        try:
            yield container
        finally:
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)


def sweep(client: docker.DockerClient) -> int:
    """Remove containers that killed runs on this host left behind; returns how many."""
    containers = client.containers.list(all=True, filters={"label": LABEL})
    left = [container for container in containers if _ownerless(str(container.labels.get(OWNER, "")))]
    for container in left:
        with contextlib.suppress(APIError):
            container.remove(force=True, v=True)
    return len(left)


def _owner(pid: int | None = None) -> str:
    number = os.getpid() if pid is None else pid
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return f"{platform.node()}:{number}:{stat.rpartition(')')[2].split()[19]}"


def _ownerless(owner: str) -> bool:
    host, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    if host != platform.node() or not number.isdigit():
        return False
    return _owner(int(number)) != owner


def _kill(container: Any) -> None:
    with contextlib.suppress(APIError, DockerException):
        container.kill()
