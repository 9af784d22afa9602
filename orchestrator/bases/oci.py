"""OCI image layouts: one image of one platform, made of one tar file.

Source: https://github.com/opencontainers/image-spec (image-layout.md, config.md, manifest.md, image-index.md).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from orchestrator.matrix.model import Platform

#: Changes when the same root file system is written in another way.
LAYOUT_FORMAT = 1
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIECE = 1 << 20
#: Layers are pushed as they are, so size counts; 9 takes three times as long for one percent less.
_LEVEL = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """A blob as its parents name it; `platform` only in an index."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None

    def document(self) -> dict[str, Any]:
        """Give its JSON form."""
        form: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.platform is not None:
            form["platform"] = _platform(self.platform)
        return form


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What was written: the digest of the index that names the image, and the bytes of all blobs."""

    digest: str
    size: int


class LayoutError(Exception):
    """A layout that does not hold what its index says; the message says what is wrong."""


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def write_layout(directory: Path, *, layer: Path, platform: Platform, created: int, comment: str) -> Written:
    """Write a layout with one image into an existing directory; same input, same bytes.

    `layer` is a tar of the root file system, `created` seconds since the epoch, `comment` the history's line.
    """
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    diff_id, packed = _compress(layer, blobs)
    when = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = _put(
        blobs,
        {
            "created": when,
            **_platform(platform),
            "config": {"Env": [PATH], "Cmd": ["bash"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created": when, "created_by": comment}],
        },
        CONFIG,
    )
    manifest = _put(
        blobs,
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": config.document(), "layers": [packed.document()]},
        MANIFEST,
    )
    placed = Descriptor(media_type=MANIFEST, digest=manifest.digest, size=manifest.size, platform=platform)
    index = _put(blobs, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [placed.document()]}, INDEX)
    (directory / "oci-layout").write_bytes(_encode({"imageLayoutVersion": "1.0.0"}))
    (directory / "index.json").write_bytes(
        _encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [index.document()]})
    )
    return Written(digest=index.digest, size=sum(blob.size for blob in (packed, config, manifest, index)))


def check_layout(directory: Path, digest: str, *, thorough: bool = False) -> None:
    """Raise `LayoutError` unless `digest` and all that it names are there.

    Sizes are compared, and the checksums of the JSON documents; those of layers only when `thorough`, because whoever reads a layer checks
    it anyway (BuildKit's content store takes no blob under a wrong digest).
    """
    for descriptor in _reachable(directory, digest):
        path = _blob(directory, descriptor.digest)
        size = path.stat().st_size if path.is_file() else -1
        if size != descriptor.size:
            raise LayoutError(f"{descriptor.digest} has {size} bytes in place of {descriptor.size}")
        if thorough and f"sha256:{_sha256(path)}" != descriptor.digest:
            raise LayoutError(f"{descriptor.digest} has other bytes than its name says")


def _reachable(directory: Path, digest: str) -> Iterator[Descriptor]:
    for entry in _members(_read(directory, digest), "manifests"):
        yield entry
        manifest = _read(directory, entry.digest)
        yield from _members({"all": [manifest.get("config")]}, "all")
        yield from _members(manifest, "layers")


def _members(document: Mapping[str, Any], key: str) -> Iterator[Descriptor]:
    try:
        for form in document[key]:
            yield Descriptor(media_type=form["mediaType"], digest=form["digest"], size=form["size"])
    except (KeyError, TypeError) as error:
        raise LayoutError(f"a document of the layout has no proper {key}") from error


def _read(directory: Path, digest: str) -> dict[str, Any]:
    try:
        data = _blob(directory, digest).read_bytes()
    except OSError as error:
        raise LayoutError(f"{digest} is missing") from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise LayoutError(f"{digest} has other bytes than its name says")
    document = json.loads(data)
    if not isinstance(document, dict):
        raise LayoutError(f"{digest} is not a JSON object")
    return document


def _blob(directory: Path, digest: str) -> Path:
    return directory / "blobs" / Path(*digest.split(":", 1))


def _platform(platform: Platform) -> dict[str, str]:
    form = {"architecture": platform.architecture, "os": platform.os}
    return form | ({"variant": platform.variant} if platform.variant else {})


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _put(blobs: Path, document: Mapping[str, Any], media_type: str) -> Descriptor:
    data = _encode(document)
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return Descriptor(media_type=media_type, digest=f"sha256:{digest}", size=len(data))


def _compress(layer: Path, blobs: Path) -> tuple[str, Descriptor]:
    """Write the layer's blob; returns the digest of the bare tar (its diff id) and the blob's descriptor."""
    bare = hashlib.sha256()
    unnamed = blobs / ".layer"
    with (
        layer.open("rb") as source,
        unnamed.open("wb") as out,
        # An empty name and no time: the header is the same whenever and wherever it is written.
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as packer,
    ):
        _pour(source, bare, packer)
    digest = _sha256(unnamed)
    size = unnamed.stat().st_size
    unnamed.rename(blobs / digest)
    return f"sha256:{bare.hexdigest()}", Descriptor(media_type=LAYER, digest=f"sha256:{digest}", size=size)


def _pour(source: BinaryIO, digest: Any, sink: _Sink) -> None:
    while piece := source.read(_PIECE):
        digest.update(piece)
        sink.write(piece)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
