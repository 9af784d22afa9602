"""Layers as registries keep them: what an engine of the older kind saves is not compressed, and is brought into the form that it would push.

Engines without containerd's store know an image by its config; its manifest, and so its digest in a registry, is only made when it is pushed.
Here it is made from the saved layers, in the same bytes each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.registry.archive import Archive, Manifest
from orchestrator.registry.distribution import OCI_MANIFEST
from orchestrator.system.scratch import LAYERS, scratch

_PLAIN = frozenset(
    {"application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar"},
)
_PACKED = "application/vnd.oci.image.layer.v1.tar+gzip"
_PIECE = 1 << 18
#: zlib's word for "with gzip's header", in which it writes neither a time nor a name: https://zlib.net/manual.html#Advanced
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A manifest and what gives its blobs, each from the start at every call."""

    manifest: Manifest
    blobs: Mapping[str, Callable[[], Iterable[bytes]]]


@contextlib.contextmanager
def packed(archive: Archive, manifest: Manifest, *, exact: bool = False) -> Iterator[Packed]:
    """Give a saved image in the form for registries; files that this needs are gone with the context.

    `exact` says that the engine keeps images as registries do: then it is that form already, layers of a base that are not compressed included.
    """
    plain = [layer for layer in manifest.content["layers"] if layer.get("mediaType") in _PLAIN]
    if exact or not plain:
        yield Packed(
            manifest=manifest,
            blobs={digest: lambda digest=digest: archive.blob(digest) for digest in manifest.blobs},  # type: ignore[misc]
        )
        return
    with scratch(LAYERS) as directory:
        config = manifest.content["config"]
        blobs: dict[str, Callable[[], Iterable[bytes]]] = {config["digest"]: lambda: archive.blob(config["digest"])}
        layers: list[dict[str, Any]] = []
        for number, layer in enumerate(manifest.content["layers"]):
            path = directory / str(number)
            digest, size = _pack(archive.blob(layer["digest"]), path)
            layers.append({"mediaType": _PACKED, "digest": digest, "size": size})
            blobs[digest] = lambda path=path: _pieces(path)  # type: ignore[misc]
        content = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **_place(config)},
            "layers": layers,
        }
        yield Packed(manifest=Manifest.of(json.dumps(content, indent=2).encode()), blobs=blobs)


def _place(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"digest": entry["digest"], "size": entry["size"]}


def _pack(pieces: Iterable[bytes], path: Path) -> tuple[str, int]:
    """Compress into a file; returns digest and size."""
    squeeze, seen, size = zlib.compressobj(6, zlib.DEFLATED, _GZIP), hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in itertools.chain(map(squeeze.compress, pieces), _rest(squeeze)):
            seen.update(piece)
            size += file.write(piece)
    return f"sha256:{seen.hexdigest()}", size


def _rest(squeeze: Any) -> Iterator[bytes]:
    yield squeeze.flush()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
