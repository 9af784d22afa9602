"""The bootstrapped base as an index for both platforms in a registry, with a layer that no engine has seen: it has to be pulled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from orchestrator.bases.model import Wanted
from orchestrator.bases.provider import Bases
from orchestrator.matrix.load import load_matrix
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import ROOT

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def push_base(
    registry: str, namespace: str, *, name: str = "debian:bullseye-slim", own: Mapping[str, bytes] | None = None
) -> str:
    """Push it as NAMESPACE/NAME to a registry (`HOST:PORT`, plain HTTP); returns the digest of its index.

    `own` is what the layer of its own holds, by architecture: the same bytes make the same image. Without it, that is a new one each time.
    """
    matrix = load_matrix(ROOT / "examples" / "debian" / "versions.json")
    bases = Bases(places=Places.from_environment(), progress=Silent())
    cells = [cell for cell in matrix.cells if cell.image.id == "3.9-slim-bullseye"]
    repository, _, tag = name.partition(":")
    with httpx.Client(
        base_url=f"http://{registry}/v2/{namespace}/{repository}/", trust_env=False, timeout=60
    ) as client:
        entries = []
        for cell in cells:
            variant, architecture = cell.image.variant, cell.architecture
            base = bases.ensure(Wanted(reference=variant.base, suite=variant.suite, architecture=architecture))
            assert base.layout is not None
            layer = _layer(os.urandom(100_000) if own is None else own[architecture.name])
            entries.append(_push_image(client, base.layout, base.digest, layer) | {"platform": _platform(architecture)})
        return str(_put(client, {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}, tag)["digest"])


def _platform(architecture: Any) -> dict[str, str]:
    platform = architecture.platform
    more = {"variant": platform.variant} if platform.variant else {}
    return {"os": platform.os, "architecture": platform.architecture, **more}


def _push_image(client: httpx.Client, layout: Path, digest: str, layer: bytes) -> dict[str, Any]:
    def blob(wanted: str) -> bytes:
        return (layout / "blobs" / wanted.replace(":", "/")).read_bytes()

    manifest = json.loads(blob(digest))
    while "manifests" in manifest:
        manifest = json.loads(blob(manifest["manifests"][0]["digest"]))
    config = json.loads(blob(manifest["config"]["digest"]))
    config["rootfs"]["diff_ids"].append(_digest(layer))
    config.setdefault("history", []).append({"created_by": "a file of its own"})
    for one in manifest["layers"]:
        _push_blob(client, blob(one["digest"]))
    _push_blob(client, layer)
    manifest["layers"].append({"mediaType": _LAYER, "digest": _digest(layer), "size": len(layer)})
    text = json.dumps(config).encode()
    _push_blob(client, text)
    manifest["config"] |= {"digest": _digest(text), "size": len(text)}
    return _put(client, {**manifest, "mediaType": _MANIFEST})


def _layer(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("own")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _push_blob(client: httpx.Client, data: bytes) -> None:
    if client.head(f"blobs/{_digest(data)}").status_code == httpx.codes.OK:
        return
    begun = client.post("blobs/uploads/")
    assert begun.status_code == httpx.codes.ACCEPTED, begun.text
    location = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": _digest(data)})
    done = client.put(location, content=data, headers={"Content-Type": "application/octet-stream"})
    assert done.status_code == httpx.codes.CREATED, done.text


def _put(client: httpx.Client, document: dict[str, Any], tag: str = "") -> dict[str, Any]:
    data = json.dumps(document).encode()
    kind = str(document["mediaType"])
    done = client.put(f"manifests/{tag or _digest(data)}", content=data, headers={"Content-Type": kind})
    assert done.status_code == httpx.codes.CREATED, done.text
    return {"mediaType": kind, "digest": _digest(data), "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
