"""An image of the engine as files: what `docker save` gives with containerd's store, which is an OCI layout of the very bytes to be pushed."""

from __future__ import annotations

import contextlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import docker
from docker.errors import DockerException

from orchestrator.errors import CellsFailedError, EnvironmentFailedError

_PIECE = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index: its digest, media type, exact bytes, and the same read as JSON."""

    digest: str
    media_type: str
    raw: bytes
    content: dict[str, Any]

    @classmethod
    def parse(cls, digest: str, raw: bytes, media_type: str = "") -> Manifest:
        """Read a manifest; its media type is the one that it names itself, else the one given."""
        content: dict[str, Any] = json.loads(raw)
        own = str(content.get("mediaType") or media_type)
        return cls(digest=digest, media_type=own, raw=raw, content=content)

    @property
    def children(self) -> tuple[dict[str, Any], ...]:
        """The descriptors of an index; none for a manifest."""
        return tuple(self.content.get("manifests") or ())

    @property
    def blobs(self) -> dict[str, int]:
        """Digests and sizes in bytes of config and layers; none for an index."""
        entries = [*([self.content["config"]] if "config" in self.content else []), *self.content.get("layers", ())]
        return {str(entry["digest"]): int(entry["size"]) for entry in entries}


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A saved image; blobs by digest, as offset and size in `file`."""

    file: IO[bytes]
    places: dict[str, tuple[int, int]]

    def manifests(self, digest: str) -> tuple[Manifest, ...]:
        """Give the manifests below a digest, the one of that digest last. Raises `CellsFailedError` when one is missing."""
        manifest = Manifest.parse(digest, b"".join(self.blob(digest)))
        below = [one for child in manifest.children for one in self.manifests(str(child["digest"]))]
        return (*below, manifest)

    def blob(self, digest: str) -> Iterator[bytes]:
        """Read a blob piece by piece. Raises `CellsFailedError` when the engine does not have it."""
        if digest not in self.places:
            raise CellsFailedError(f"the engine does not have {digest}, a part of the image", mend="build it again")
        at, left = self.places[digest]
        return self._pieces(at, left)

    def _pieces(self, at: int, left: int) -> Iterator[bytes]:
        while left:
            self.file.seek(at)
            piece = self.file.read(min(left, _PIECE))
            at, left = at + len(piece), left - len(piece)
            yield piece


@contextlib.contextmanager
def saved(client: docker.DockerClient, reference: str) -> Iterator[Archive]:
    """Save an image into a temporary file, gone with the context. Raises `EnvironmentFailedError` when the engine fails."""
    with tempfile.TemporaryFile(prefix="orchestrator-save-") as file:
        try:
            for piece in client.api.get_image(reference):
                file.write(piece)
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:") as tar:
                places = {
                    f"sha256:{member.name.rpartition('/')[2]}": (member.offset_data, member.size)
                    for member in tar
                    if member.isfile() and member.name.startswith("blobs/sha256/")
                }
        except (DockerException, tarfile.TarError, OSError) as error:
            raise EnvironmentFailedError(
                f"{reference} cannot be saved from the engine: {error}", mend="run 'orchestrator doctor'"
            ) from error
        yield Archive(file=file, places=places)
