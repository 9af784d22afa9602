"""A registry and the two ways to it: the engine's push and `buildx imagetools`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import docker
import httpx
from docker.errors import APIError, ImageNotFound

from orchestrator.publish.registry import Registry
from orchestrator.system.process import Command, Completed
from orchestrator.system.retrying import Retries


class FakeImage:
    """An image of the engine; its id is its manifest's digest, as with containerd's store."""

    def __init__(self, engine: FakeEngine, digest: str) -> None:
        self.engine, self.id = engine, digest

    def tag(self, repository: str, *, tag: str) -> None:
        self.engine.images_by_name[f"{repository}:{tag}"] = self.id


class FakeEngine:
    """As much of `docker.DockerClient` as publishing uses. `trouble` maps a target to the errors of its next pushes."""

    def __init__(self) -> None:
        self.images = self
        self.images_by_name: dict[str, str] = {}
        self.registry: dict[str, str] = {}
        self.indexes: dict[str, list[str]] = {}
        self.log: list[str] = []
        self.trouble: dict[str, list[str | Exception]] = {}
        self.rewrites: set[str] = set()
        self.commands: list[Command] = []
        self.refused_indexes: set[str] = set()
        self.api = self
        self.archives: dict[str, bytes] = {}
        self.saves: list[str] = []

    def get(self, name: str) -> FakeImage:
        if name not in self.images_by_name:
            raise ImageNotFound(name)
        return FakeImage(self, self.images_by_name[name])

    def push(self, repository: str, *, tag: str, stream: bool, decode: bool) -> Iterator[dict[str, Any]]:
        assert stream
        assert decode
        target = f"{repository}:{tag}"
        self.log.append(target)
        yield {"status": "Preparing"}
        if self.trouble.get(target):
            problem = self.trouble[target].pop(0)
            if isinstance(problem, Exception):
                raise problem
            yield {"error": problem}
            return
        digest = self.images_by_name[target]
        self.registry[target] = f"{digest}-rewritten" if target in self.rewrites else digest
        yield {"status": "Pushed"}

    def get_image(self, name: str) -> Iterator[bytes]:
        self.saves.append(name)
        yield self.archives[name]

    def remove(self, name: str, *, noprune: bool) -> None:
        assert noprune
        if name not in self.images_by_name:
            raise APIError("no such image")
        del self.images_by_name[name]

    def run(self, command: Command) -> Completed:
        self.commands.append(command)
        assert command.argv[:3] == ("/usr/bin/docker", "buildx", "imagetools")
        if command.argv[3] == "create":
            return self._create(command)
        assert command.argv[3] == "inspect"
        name = command.argv[-1]
        if name not in self.registry:
            return _completed(command, error=f"ERROR: {name}: not found")
        members = self.indexes.get(name, [])
        manifest = {"digest": self.registry[name], "manifests": [{"digest": one} for one in members]}
        return _completed(command, json.dumps(manifest))

    def _create(self, command: Command) -> Completed:
        target = command.argv[4].removeprefix("--tag=")
        members = list(command.argv[5:])
        if target in self.refused_indexes:
            return _completed(command, error="ERROR: unexpected status: 500 Internal Server Error")
        known = {f"{name.rpartition(':')[0]}@{digest}" for name, digest in self.registry.items()}
        for member in members:
            name, _, digest = member.partition("@")
            assert digest, f"{member} is not by digest"
            assert f"{name.rpartition(':')[0]}@{digest}" in known, f"{member} was not pushed before its index"
        self.log.append(target)
        self.indexes[target] = members
        self.registry[target] = "sha256:" + hashlib.sha256("".join(members).encode()).hexdigest()
        return _completed(command)


def _completed(command: Command, output: str = "", *, error: str = "") -> Completed:
    return Completed(
        command=command, status=1 if error else 0, stdout=output.encode(), stderr=error.encode(), seconds=0.1
    )


def registry_of(
    engine: FakeEngine, retries: Retries | None = None, http: Callable[[str], httpx.Client] | None = None
) -> Registry:
    """Registries behind the tools; directly they cannot be reached, unless `http` says otherwise."""
    return Registry(
        client=cast("docker.DockerClient", engine),
        docker="/usr/bin/docker",
        environment={"DOCKER_CONFIG": "/nowhere"},
        run=engine.run,
        retries=Retries(sleep=lambda _seconds: None) if retries is None else retries,
        http=http or (lambda _registry: httpx.Client(transport=httpx.MockTransport(_refuse))),
    )


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)
