"""The references that an image is published under, and the order that keeps a half-published state invisible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Cell, Image, Matrix


def local_references(matrix: Matrix, cell: Cell) -> tuple[str, ...]:
    """Name a proven cell in the engine: `arm64v8/python:2.7-slim` and so on, shared tags included."""
    image = cell.image
    return tuple(f"{cell.architecture.name}/{matrix.name}:{tag}" for tag in (*image.tags, *image.shared_tags))


def staging_reference(matrix: Matrix, cell: Cell, key: str) -> str:
    """Name what has been built but not proven: private, after the cell and its key."""
    return f"orchestrator.local/{matrix.name}/{cell.id}:{key}"


#: Two names of docker's default registry: docker takes them for the same.
_DEFAULT = {"index.docker.io": "docker.io"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Where things go in a registry: `HOST[:PORT][/PATH]`. The default one has one name in all references, however it was called."""

    registry: str
    namespace: str
    repository: str

    @property
    def place(self) -> str:
        """What the journal calls the place: `<registry>/library/python`."""
        return f"{self._registry}/{self.namespace}/{self.repository}"

    def of_cell(self, cell: Cell, tag: str) -> str:
        """`<registry>/arm64v8/python:<tag>`."""
        return f"{self._registry}/{cell.architecture.name}/{self.repository}:{tag}"

    def of_index(self, tag: str) -> str:
        """`<registry>/library/python:<tag>`."""
        return f"{self._registry}/{self.namespace}/{self.repository}:{tag}"

    @property
    def _registry(self) -> str:
        host, slash, path = self.registry.partition("/")
        return f"{_DEFAULT.get(host, host)}{slash}{path}"


def names_for(matrix: Matrix, registry: str, namespace: str) -> Names:
    """Say where a matrix is published to. Raises `UsageError` where its indexes would lie upon an architecture's images."""
    if namespace in {architecture.name for architecture in matrix.known}:
        raise UsageError(
            f'the namespace "{namespace}" is the name of an architecture, whose own images lie there',
            mend="give another one: --namespace library, or namespace: in orchestrator.yaml",
        )
    return Names(registry=registry, namespace=namespace, repository=matrix.name)


def release_first(image: Image) -> Sequence[str]:
    """Order tags: those that name the full release, which never move, then the moving ones."""
    tags = (*image.tags, *image.shared_tags)
    return sorted(tags, key=lambda tag: not is_release(image, tag))


def is_release(image: Image, tag: str) -> bool:
    """Tell whether a tag names the full release."""
    return tag == image.line.release or tag.startswith(f"{image.line.release}-")
