"""An image of the engine as files: what `docker save` gives with containerd's store, which is an OCI layout of the very bytes to be pushed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from orchestrator.errors import CellsFailedError, EnvironmentFailedError

if TYPE_CHECKING:
    import docker

_PIECE = 1 << 18
#: Bytes of a manifest; registries need not take larger ones. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests
LARGEST = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or an index: its digest, media type, exact bytes, and the same read as JSON."""

    digest: str
    media_type: str
    raw: bytes
    content: dict[str, Any]

    @classmethod
    def parse(cls, digest: str, raw: bytes, media_type: str = "") -> Manifest:
        """Read a manifest; its media type is the one that it names itself, else the one given. Raises `ValueError` for what is none."""
        if len(raw) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        try:
            content = json.loads(raw)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        if fault := _fault(content):
            raise ValueError(fault)
        own = str(content.get("mediaType") or media_type)
        return cls(digest=digest, media_type=own, raw=raw, content=content)

    @classmethod
    def of(cls, raw: bytes, media_type: str = "") -> Manifest:
        """Read a manifest whose digest is that of its bytes."""
        return cls.parse(f"sha256:{hashlib.sha256(raw).hexdigest()}", raw, media_type)

    @property
    def children(self) -> tuple[dict[str, Any], ...]:
        """The descriptors of an index; none for a manifest."""
        return tuple(self.content.get("manifests") or ())

    @property
    def blobs(self) -> dict[str, int]:
        """Digests and sizes in bytes of config and layers; none for an index."""
        entries = [*([self.content["config"]] if "config" in self.content else []), *(self.content.get("layers") or ())]
        return {str(entry["digest"]): int(entry["size"]) for entry in entries}


def _fault(content: Any) -> str:
    """Say what of a manifest, of all that is read of it later, is missing or of another form; empty when nothing is."""
    if not isinstance(content, dict):
        return "it is no JSON object"
    for name in ("config", "layers", "manifests"):
        entries = [content[name]] if name == "config" and name in content else content.get(name) or []
        if not isinstance(entries, list):
            return f"its {name} are no list"
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("digest"), str):
                return f"an entry of its {name} has no digest"
            # Nothing is ever sent by what an index says of sizes.
            if not isinstance(entry.get("size", 0 if name == "manifests" else None), int):
                return f"an entry of its {name} has no size"
            if not all(isinstance(entry.get(key) or {}, dict) for key in ("annotations", "platform")):
                return f"an entry of its {name} has annotations, or a platform, of another form"
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A saved image; blobs by digest, as offset and size in `file`; `tops` are the digests that its own index names."""

    file: IO[bytes]
    places: dict[str, tuple[int, int]]
    tops: tuple[str, ...] = ()

    def image(self, image: str) -> Manifest:
        """Give the manifest of an image by the engine's id of it: the digest of that manifest, or of its config in engines of the older kind.

        Raises `CellsFailedError` when it is not in here.
        """
        for digest in dict.fromkeys((image, *self.tops)):
            if digest not in self.places:
                continue
            for manifest in self._images(digest):
                if image in {digest, manifest.digest, manifest.content["config"]["digest"]}:
                    return manifest
        raise CellsFailedError(f"the engine does not have {image}, or not all of it", mend="build it again")

    def _images(self, digest: str) -> Iterator[Manifest]:
        """The manifests at and below a digest that are images."""
        raw = b"".join(self.blob(digest))
        try:
            manifest = Manifest.parse(digest, raw)
        except ValueError:
            return
        if "layers" in manifest.content and "config" in manifest.content:
            yield manifest
        for child in manifest.children:
            if "vnd.docker.reference.type" not in (child.get("annotations") or {}) and child["digest"] in self.places:
                yield from self._images(str(child["digest"]))

    def blob(self, digest: str) -> Iterator[bytes]:
        """Read a blob piece by piece. Raises `CellsFailedError` when the engine does not have it."""
        if digest not in self.places:
            raise CellsFailedError(f"the engine does not have {digest}, a part of the image", mend="build it again")
        at, left = self.places[digest]
        return self._pieces(at, left)

    def _pieces(self, at: int, left: int) -> Iterator[bytes]:
        while left:
            # Not by the file's own position, which threads would take from each other.
            piece = os.pread(self.file.fileno(), min(left, _PIECE), at)
            if not piece:
                raise CellsFailedError("what was saved from the engine was cut short", mend="publish again")
            at, left = at + len(piece), left - len(piece)
            yield piece


@contextlib.contextmanager
def saved(client: docker.DockerClient, reference: str) -> Iterator[Archive]:
    """Save an image into a temporary file, gone with the context. Raises `EnvironmentFailedError` when the engine fails."""
    from docker.errors import DockerException, ImageNotFound  # noqa: PLC0415 - manifests are read without an engine, too
    from requests.exceptions import RequestException  # noqa: PLC0415 - same

    with tempfile.TemporaryFile(prefix="orchestrator-save-") as file:
        try:
            for piece in client.api.get_image(reference):
                file.write(piece)
            file.seek(0)
            places, tops = _read(file)
        except ImageNotFound:
            raise CellsFailedError(
                f"{reference} is neither in the registry nor in the engine",
                mend="build it again: 'orchestrator build --force'",
            ) from None
        except (DockerException, RequestException, tarfile.TarError, ValueError, OSError) as error:
            raise EnvironmentFailedError(
                f"{reference} cannot be saved from the engine: {error}", mend="run 'orchestrator doctor'"
            ) from error
        yield Archive(file=file, places=places, tops=tops)


def _read(file: IO[bytes]) -> tuple[dict[str, tuple[int, int]], tuple[str, ...]]:
    places: dict[str, tuple[int, int]] = {}
    tops: tuple[str, ...] = ()
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            if member.isfile() and member.name.startswith("blobs/sha256/"):
                places[f"sha256:{member.name.rpartition('/')[2]}"] = (member.offset_data, member.size)
            elif member.isfile() and member.name == "index.json":
                content = tar.extractfile(member)
                named: dict[str, Any] = json.loads(content.read()) if content is not None else {}
                tops = tuple(str(one["digest"]) for one in named.get("manifests") or ())
    return places, tops
