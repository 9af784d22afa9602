"""Bringing an image from the engine that built it to another one, as a stream: nothing is kept on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import docker
import requests
from docker.errors import DockerException

from orchestrator.builders.model import Builder
from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError, VerificationError

#: Seconds without a byte after which a connection counts as dead.
_SILENCE = 600
#: The API of the oldest engine that is used; to ask for an engine's own version, the SDK connects before anything can be set.
_API = "1.44"
#: What of an image's config decides what it is; the rest names its storage.
_TELLING = ("Os", "Architecture", "Variant", "Created", "Config", "RootFS")


@contextlib.contextmanager
def open_client(builder: Builder, engine: Engine) -> Iterator[docker.DockerClient]:
    """Open a connection to the engine in which a builder's images land: its own, else the one that the program works with.

    Raises `EnvironmentFailedError` when it does not answer.
    """
    host = builder.engine_host or engine.host
    environment = (
        {**engine.environment, "DOCKER_HOST": host}
        if builder.engine is None
        else builder.engine.environment(engine.environment)
    )
    own = builder.engine is not None and builder.engine.certificates is not None
    try:
        client = docker.from_env(
            environment=environment,
            timeout=_SILENCE,
            use_ssh_client=host.startswith("ssh://"),
            version=_API if own else None,
        )
        if own:
            # Else requests prefers the authorities of REQUESTS_CA_BUNDLE to those of the engine's own certificates.
            client.api.trust_env = False
            client.ping()
    except (DockerException, requests.RequestException) as error:
        raise EnvironmentFailedError(
            f"the engine at {host} does not answer: {error}", mend="run 'orchestrator doctor'"
        ) from error
    with contextlib.closing(client):
        yield client


def carry(reference: str, source: docker.DockerClient, target: docker.DockerClient) -> str:
    """Copy the image that `source` knows by `reference` (a tag) into `target`, where it gets the same tag; returns its id there.

    The id is the manifest's digest with containerd's image store, and must be the same on both sides; between it and a classic store, whose
    ids are those of configs, configs and layers are compared. Raises `VerificationError` when what arrived is something else,
    `EnvironmentFailedError` when an engine fails on the way.
    """
    try:
        before = _inspected(source, reference)
        with contextlib.closing(source.api.get_image(reference)) as data:
            _load(target, data)
        after = _inspected(target, reference)
    except (DockerException, requests.RequestException) as error:
        raise EnvironmentFailedError(
            f"{reference} cannot be copied between engines: {error}", mend="run 'orchestrator doctor', then try again"
        ) from error
    there: str = after["Id"]
    if there != before["Id"] and (_store(source) == _store(target) or _telling(before) != _telling(after)):
        raise VerificationError(
            f"{reference} was {before['Id']} before it was copied, and is {there} now",
            mend="build it again; nothing else may use that tag meanwhile",
        )
    return there


def _load(target: docker.DockerClient, data: Iterable[bytes]) -> None:
    """Send an archive; the engine reports its failures in the answer's body, with status 200 or without."""
    api: Any = target.api  # its stubs leave this call untyped
    for message in api.load_image(data, quiet=True):
        said = message.get("error") or message.get("message")
        if said:
            raise DockerException(said)


def _inspected(client: docker.DockerClient, reference: str) -> dict[str, Any]:
    api: Any = client.api  # same
    document: dict[str, Any] = api.inspect_image(reference)
    return document


def _telling(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) or None for name in _TELLING}


def _store(client: docker.DockerClient) -> bool:
    """Whether the engine's images are kept by containerd."""
    return "io.containerd.snapshotter" in str(client.info().get("DriverStatus"))
