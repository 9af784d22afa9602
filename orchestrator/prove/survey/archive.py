"""The archive that `docker save` gives: an OCI layout in a tar stream, read once from front to end, without a temporary file.

Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from orchestrator.prove.image import ImageConfig, parse_config
from orchestrator.prove.survey.layer import Layer, read_layer
from orchestrator.prove.survey.survey import Survey

_LARGEST_DOCUMENT = 16 * 1024 * 1024
_BLOBS = "blobs/sha256/"
_ZSTD = b"\x28\xb5\x2f\xfd"
_NOT_AN_IMAGE = "attestation-manifest"


class UnreadableImageError(Exception):
    """The archive is not what an engine saves; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """A layer as the engine stores it, compressed or not: its digest (`sha256:...`) and its bytes."""

    digest: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """An image as it was saved; `layers` by digest (hex), `blobs` in their order, the lowest first."""

    image: ImageConfig
    survey: Survey
    layers: Mapping[str, Layer]
    blobs: tuple[Blob, ...] = ()


def read_archive(chunks: Iterable[bytes], *, platform: str, known: Mapping[str, Layer] | None = None) -> Saved:
    """Read a saved image; of several in one index the one for `platform`, else the first whose layers are all there.

    `known` are layers that have been read before, by digest (hex): they are not read again. Raises `UnreadableImageError`.
    """
    documents: dict[str, Mapping[str, Any]] = {}
    layers: dict[str, Layer] = {}
    known = known or {}
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Chunks(iter(chunks))), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                name = member.name.removeprefix(_BLOBS)
                if name in known:
                    layers[name] = known[name]
                    continue
                buffered = io.BufferedReader(cast("io.RawIOBase", content))
                head = buffered.peek(4)[:4]
                if head[:1] in {b"{", b"["} and member.size <= _LARGEST_DOCUMENT:
                    document = json.loads(buffered.read())
                    if isinstance(document, dict):
                        documents[name] = document
                elif head == _ZSTD:
                    raise UnreadableImageError(
                        f"the layer {name[:12]} is compressed with zstd, which cannot be read here"
                    )
                elif member.name.startswith(_BLOBS):
                    layers[name] = read_layer(buffered)
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise UnreadableImageError(f"the saved image cannot be read: {error}") from None
    manifest = _choose(documents, layers, platform)
    image = parse_config(documents[_hex(manifest["config"])])
    chosen = tuple(layers[_hex(one)] for one in manifest.get("layers") or ())
    return Saved(
        image=image,
        survey=Survey(layers=chosen, base_layers=min(image.base_layers, len(chosen))),
        layers={_hex(one): layers[_hex(one)] for one in manifest.get("layers") or ()},
        blobs=tuple(_blob(one) for one in manifest.get("layers") or ()),
    )


def _choose(
    documents: Mapping[str, Mapping[str, Any]], layers: Mapping[str, Layer], platform: str
) -> Mapping[str, Any]:
    complete = [
        manifest
        for manifest in _manifests(documents, documents.get("index.json") or {}, depth=3)
        if all(_hex(one) in layers for one in manifest.get("layers") or ())
        and _hex(manifest.get("config")) in documents
    ]
    if not complete:
        raise UnreadableImageError("the saved image has no manifest whose layers are all there")

    def fits(manifest: Mapping[str, Any]) -> bool:
        seen = parse_config(documents[_hex(manifest["config"])]).platform
        # arm64 without a variant is v8: https://github.com/containerd/platforms/blob/main/database.go
        return platform in {seen, f"{seen}/v8" if seen == "linux/arm64" else seen}

    return next((manifest for manifest in complete if fits(manifest)), complete[0])


def _manifests(
    documents: Mapping[str, Mapping[str, Any]], index: Mapping[str, Any], *, depth: int
) -> Iterator[Mapping[str, Any]]:
    for descriptor in index.get("manifests") or ():
        document = documents.get(_hex(descriptor))
        if document is None:
            continue
        annotations = descriptor.get("annotations") or {}
        if annotations.get("vnd.docker.reference.type") == _NOT_AN_IMAGE:
            continue
        if "manifests" in document and depth:
            yield from _manifests(documents, document, depth=depth - 1)
        elif "config" in document:
            yield document


def _blob(descriptor: Mapping[str, Any]) -> Blob:
    size = descriptor.get("size")
    return Blob(digest=str(descriptor["digest"]), size=size if isinstance(size, int) else 0)


def _hex(descriptor: Any) -> str:
    return str(descriptor.get("digest") or "").partition(":")[2] if isinstance(descriptor, dict) else ""


class _Chunks(io.RawIOBase):
    """An iterator of byte strings as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Read exactly `size` bytes unless the end comes first: tarfile takes a short read for the end."""
        parts = []
        while size != 0:
            if not self._left:
                chunk = next(self._chunks, b"")
                if not chunk:
                    break
                self._left = memoryview(chunk)
            part = self._left if size < 0 else self._left[:size]
            self._left = self._left[len(part) :]
            parts.append(bytes(part))
            if size > 0:
                size -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
