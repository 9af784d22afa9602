"""Archives as `docker save` gives them: an OCI layout in a tar stream."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.unit.prove.images import Draft, tar

Document = Mapping[str, Any]


class Layout:
    """Blobs by digest, and the index that names some of them."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.top: list[dict[str, Any]] = []

    def blob(self, content: bytes | Document) -> dict[str, Any]:
        """Keep a blob; gives its descriptor."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def image(self, config: Document, layers: Sequence[bytes]) -> dict[str, Any]:
        """Keep an image; gives its manifest's descriptor."""
        return self.blob({"config": self.blob(config), "layers": [self.blob(one) for one in layers]})

    def index(self, *descriptors: Document) -> dict[str, Any]:
        """Keep an index of manifests; gives its descriptor."""
        return self.blob({"manifests": list(descriptors)})

    def archive(
        self, *, without: Sequence[str] = (), index: bytes | None = None, extra: Mapping[str, bytes] | None = None
    ) -> bytes:
        """Pack everything but some blobs, index.json in the middle as engines do."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name in ("blobs", "blobs/sha256"):
                directory = tarfile.TarInfo(name)
                directory.type = tarfile.DIRTYPE
                archive.addfile(directory)
            files = {f"blobs/sha256/{name}": data for name, data in self.blobs.items() if name not in without}
            files["index.json"] = json.dumps({"manifests": self.top}).encode() if index is None else index
            files["manifest.json"] = b"[]"
            files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
            for name, data in (files | dict(extra or {})).items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return out.getvalue()


def saved(made: Draft) -> bytes:
    """An image as an engine saves it."""
    layout = Layout()
    layout.top = [layout.image(made.document, [tar(one) for one in made.layers])]
    return layout.archive()


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Bytes as they come over a connection."""
    return (data[at : at + size] for at in range(0, len(data), size))
