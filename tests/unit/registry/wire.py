"""A registry as it looks from the wire, in memory: blobs, uploads, mounts, manifests, tokens; with failures as wanted."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import threading
from collections.abc import Callable
from typing import Any

import httpx

ADDRESS = "localhost:5000"
_FAULTS = (503, 429, 500, 502, "closed", "lost")


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class FakeWire:
    """Speaks the distribution protocol. `rate` of the requests fail; a token is asked for where `asks_for` names one; `mounts` false copies.

    `watch` is called after every tag that was set; `after` makes everything fail from a request on. `removes` tags, too, where it is true.
    """

    def __init__(
        self, *, rate: float = 0.0, seed: int = 0, asks_for: str = "", mounts: bool = True, removes: bool = True
    ) -> None:
        self.rate, self.asks_for, self.mounts, self.removes = rate, asks_for, mounts, removes
        self.watch: Callable[[], None] = lambda: None
        self.after: int | None = None
        self.puts: list[tuple[str, str]] = []
        self.lock = threading.RLock()
        self.random = random.Random(seed)
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.failures = 0
        self.uploads = 0
        self.refused: dict[tuple[str, str], httpx.Response] = {}

    def client(self, registry: str) -> httpx.Client:
        assert registry == ADDRESS
        return httpx.Client(transport=httpx.MockTransport(self))

    def tags(self, repository: str) -> dict[str, str]:
        """Tags of a repository with the digests that they lead to."""
        return {
            name: digest_of(raw)
            for (where, name), (_, raw) in self.manifests.items()
            if where == repository and ":" not in name
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self._take(request)

    def _take(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.after is not None and len(self.requests) >= self.after:
            raise httpx.ConnectError("connection refused", request=request)
        self.requests.append((request.method, path))
        fault = self.random.choice(_FAULTS) if self.random.random() < self.rate else None
        self.failures += fault is not None
        match fault:
            case None:
                return self._answer(request)
            case "lost":
                self._answer(request)
                raise httpx.ReadError("connection reset", request=request)
            case "closed":
                raise httpx.RemoteProtocolError("Server disconnected", request=request)
        headers = {"Retry-After": "1"} if fault == 429 else {}
        return httpx.Response(int(str(fault)), headers=headers)

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - a path each
        path, body = request.url.path, request.read()
        if path == "/token":
            assert request.headers["Authorization"].startswith("Basic ")
            return httpx.Response(200, json={"token": self.asks_for})
        if self.asks_for and request.headers.get("Authorization") != f"Bearer {self.asks_for}":
            scope = f"repository:{path.removeprefix('/v2/').split('/blobs')[0].split('/manifests')[0]}:pull,push"
            challenge = f'Bearer realm="http://{ADDRESS}/token",service="r",scope="{scope}"'
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        if (request.method, path) in self.refused:
            return self.refused[request.method, path]
        if path == "/v2/":
            return httpx.Response(200)
        if "/manifests/" in path:
            return self._manifest(request, body)
        if path.endswith("/tags/list"):
            return self._tags(request)
        if "/referrers/" in path:
            return httpx.Response(404)
        return self._blob(request, body)

    def _manifest(self, request: httpx.Request, body: bytes) -> httpx.Response:
        repository, _, reference = request.url.path.removeprefix("/v2/").partition("/manifests/")
        if request.method == "PUT":
            content = json.loads(body)
            for entry in (*([content["config"]] if "config" in content else []), *content.get("layers", ())):
                assert (repository, entry["digest"]) in self.blobs, "a manifest before its blobs"
            for entry in content.get("manifests", ()):
                assert (repository, entry["digest"]) in self.manifests, "an index before its manifests"
            for name in (reference, digest_of(body)):
                self.manifests[repository, name] = (request.headers["Content-Type"], body)
            self.puts.append((repository, reference))
            if ":" not in reference:
                self.watch()
            return httpx.Response(201, headers={"Docker-Content-Digest": digest_of(body)})
        if request.method == "DELETE":
            if not self.removes:
                return httpx.Response(405, json={"errors": [{"code": "UNSUPPORTED", "message": "no"}]})
            return httpx.Response(202 if self.manifests.pop((repository, reference), None) else 404)
        kind, raw = self.manifests.get((repository, reference), ("", b""))
        if not raw:
            return httpx.Response(404, json={"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]})
        return httpx.Response(
            200,
            content=b"" if request.method == "HEAD" else raw,
            headers={"Content-Type": kind, "Docker-Content-Digest": digest_of(raw)},
        )

    def _tags(self, request: httpx.Request) -> httpx.Response:
        repository = request.url.path.removeprefix("/v2/").removesuffix("/tags/list")
        found = sorted(self.tags(repository))
        last, most = request.url.params.get("last", ""), 3  # a small page, so that there are several
        page = [name for name in found if name > last][:most]
        more = bool(page) and page[-1] != found[-1]
        headers = {"Link": f'</v2/{repository}/tags/list?n={most}&last={page[-1]}>; rel="next"'} if more else {}
        return httpx.Response(200 if found else 404, json={"name": repository, "tags": page}, headers=headers)

    def _blob(self, request: httpx.Request, body: bytes) -> httpx.Response:
        repository, _, name = request.url.path.removeprefix("/v2/").partition("/blobs/")
        query = request.url.params
        if request.method == "POST":
            origin = (query.get("from", ""), query.get("mount", ""))
            if self.mounts and origin in self.blobs:
                self.blobs[repository, origin[1]] = self.blobs[origin]
                return httpx.Response(201)
            self.uploads += 1
            return httpx.Response(202, headers={"Location": f"/v2/{repository}/blobs/uploads/{self.uploads}?state=x"})
        if request.method == "PUT":
            assert query["state"] == "x"
            if digest_of(body) != query["digest"]:
                return httpx.Response(400, json={"errors": [{"code": "DIGEST_INVALID", "message": "no"}]})
            assert request.headers["Content-Length"] == str(len(body))
            assert (repository, query["digest"]) not in self.blobs, "the same blob is sent twice"
            self.blobs[repository, query["digest"]] = body
            return httpx.Response(201)
        data = self.blobs.get((repository, name))
        return httpx.Response(404) if data is None else httpx.Response(200, content=data)


def image(
    number: int,
    *,
    layers: int = 3,
    architecture: str = "amd64",
    variant: str = "",
    broken: bool = False,
    layer_type: str = "x",
    created: str = "2026-01-01T00:00:00Z",
) -> tuple[str, bytes]:
    """Make an image as `docker save` gives it: its digest and the archive. `broken` has other bytes than its digests say."""
    config: dict[str, Any] = {"architecture": architecture, "os": "linux", "number": number, "created": created}
    files = [json.dumps(config | ({"variant": variant} if variant else {})).encode()]
    files += [f"layer {layer} of {number}".encode() * 1000 for layer in range(layers)]
    entries = [{"mediaType": layer_type, "digest": digest_of(data), "size": len(data)} for data in files]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": entries[0], "layers": entries[1:]}).encode()
    held = {digest_of(data): data for data in (*files, manifest)}
    if broken:
        held[digest_of(files[1])] = b"?" * len(files[1])
    saved = io.BytesIO()
    with tarfile.open(fileobj=saved, mode="w") as tar:
        named = {f"blobs/sha256/{digest.removeprefix('sha256:')}": data for digest, data in held.items()}
        named["index.json"] = json.dumps({"manifests": [{"digest": digest_of(manifest)}]}).encode()
        for name, data in named.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return digest_of(manifest), saved.getvalue()
