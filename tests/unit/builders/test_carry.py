from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import docker
import pytest
import requests
from docker.errors import ImageNotFound

from orchestrator.builders.carry import carry
from orchestrator.errors import EnvironmentFailedError, VerificationError


class FakeEngine:
    """An image store behind the SDK's calls. `spoils` changes what is loaded; `says` is its answer to a load."""

    def __init__(self, *, containerd: bool = True, spoils: bool = False, says: str = "", breaks: bool = False) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.api = self
        self._containerd, self._spoils, self._says, self._breaks = containerd, spoils, says, breaks

    def info(self) -> dict[str, Any]:
        return {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]] if self._containerd else []}

    def add(self, name: str, layer: str) -> str:
        digest = f"sha256:{'manifest' if self._containerd else 'config'}-{layer}"
        self.images[name] = {"Id": digest, "Os": "linux", "Architecture": "amd64", "RootFS": {"Layers": [layer]}}
        return digest

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name not in self.images:
            raise ImageNotFound(f"No such image: {name}")
        return self.images[name]

    def get_image(self, name: str) -> Iterator[bytes]:
        yield f"{name} ".encode()
        if self._breaks:
            raise requests.exceptions.ChunkedEncodingError("connection broken")
        yield str(self.images[name]["RootFS"]["Layers"][0]).encode()

    def load_image(self, data: Iterable[bytes], *, quiet: bool) -> Iterator[dict[str, str]]:
        assert quiet
        name, layer = b"".join(data).decode().split()
        if self._says:
            yield {"error": self._says}
        self.add(name, f"{layer}-spoilt" if self._spoils else layer)
        yield {"stream": f"Loaded image: {name}"}


def engines(**options: Any) -> tuple[Any, Any]:
    source, target = FakeEngine(breaks=options.pop("breaks", False)), FakeEngine(**options)
    source.add("local/x:1", "layer")
    return source, target


def go(source: docker.DockerClient, target: docker.DockerClient) -> str:
    return carry("local/x:1", source, target)


def test_the_id_is_the_same_on_both_sides() -> None:
    source, target = engines()
    assert go(source, target) == source.images["local/x:1"]["Id"] == target.images["local/x:1"]["Id"]


def test_a_classic_store_names_the_same_image_otherwise() -> None:
    source, target = engines(containerd=False)
    assert go(source, target) == "sha256:config-layer"


@pytest.mark.parametrize("containerd", [True, False])
def test_another_image_is_refused(*, containerd: bool) -> None:
    source, target = engines(containerd=containerd, spoils=True)
    with pytest.raises(VerificationError, match="was sha256:manifest-layer before it was copied"):
        go(source, target)


def test_what_an_engine_says_in_its_answer_is_a_failure() -> None:
    source, target = engines(says="no space left on device")
    with pytest.raises(EnvironmentFailedError, match="no space left on device"):
        go(source, target)


def test_a_source_that_ends_on_the_way_is_a_failure() -> None:
    source, target = engines(breaks=True)
    with pytest.raises(EnvironmentFailedError, match="connection broken"):
        go(source, target)
    assert target.images == {}


def test_what_is_not_there_is_a_failure() -> None:
    source, target = engines()
    source.images.clear()
    with pytest.raises(EnvironmentFailedError, match="No such image"):
        go(source, target)
