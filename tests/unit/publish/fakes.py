"""An engine with images that can be saved, and registries on a wire in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import docker
import httpx
from docker.errors import APIError, ImageNotFound

from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Retries
from tests.unit.registry.wire import FakeWire, image


class FakeImage:
    """An image of the engine; its id is its manifest's digest, as with containerd's store."""

    def __init__(self, engine: FakeEngine, digest: str) -> None:
        self.engine, self.id = engine, digest

    def tag(self, repository: str, *, tag: str) -> None:
        self.engine.images_by_name[f"{repository}:{tag}"] = self.id


class FakeEngine:
    """As much of `docker.DockerClient` as publishing uses. `saves` are the references that were saved."""

    def __init__(self) -> None:
        self.images = self
        self.api = self
        self.images_by_name: dict[str, str] = {}
        self.archives: dict[str, bytes] = {}
        self.saves: list[str] = []

    def put(self, reference: str, number: int, *, architecture: str = "amd64", **more: Any) -> str:
        """Have an image under a reference; returns its digest."""
        digest, archive = image(number, architecture=architecture, **more)
        self.images_by_name[reference] = digest
        self.archives[digest] = archive
        return digest

    def get(self, name: str) -> FakeImage:
        if name not in self.images_by_name:
            raise ImageNotFound(name)
        return FakeImage(self, self.images_by_name[name])

    def get_image(self, name: str) -> Iterator[bytes]:
        if name not in self.images_by_name:
            raise ImageNotFound(name)
        self.saves.append(name)
        yield self.archives[self.images_by_name[name]]

    def remove(self, name: str, *, noprune: bool) -> None:
        assert noprune
        if name not in self.images_by_name:
            raise APIError("no such image")
        del self.images_by_name[name]

    def info(self) -> dict[str, Any]:
        return {
            "RegistryConfig": {"IndexConfigs": {"plain.example:5000": {"Secure": False}, "docker.io": {"Secure": True}}}
        }

    def close(self) -> None:
        """Nothing is open."""


def registries_on(wire: FakeWire, retries: Retries | None = None) -> Registries:
    """Registries that answer from memory, and that nobody waits for."""
    return Registries(
        environment={"DOCKER_CONFIG": "/nowhere"},
        retries=Retries(sleep=lambda _seconds: None) if retries is None else retries,
        http=wire.client,
    )


def client_of(engine: FakeEngine) -> Callable[[], docker.DockerClient]:
    """Open a client of an engine."""
    found: Any = engine
    return lambda: found


def refused(request: httpx.Request) -> httpx.Response:
    """A machine that nobody listens on."""
    raise httpx.ConnectError("connection refused", request=request)
