"""A registry, spoken to request by request, so that what fails is asked again alone.

Measured with dockerd 26.1.5 (containerd's store), buildx 0.13.1 and a proxy that fails 30% of all requests, on images of ten layers:
`docker push` needs 35 requests, 12 when the registry has everything, and ends with the first that fails: none of 120 pushes came through,
and 9 of 200 to a registry that had everything. `imagetools create` for two architectures needs 60 (2 of 20 came through), `imagetools
inspect` 8. So repeating the tools would take hundreds of tries. Here 24 tries of one request fail with a probability of 3e-13, and of an
upload, which is two, with 1e-7.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from orchestrator.errors import VerificationError
from orchestrator.registry.archive import Archive, Manifest
from orchestrator.registry.conversation import Body, Conversation, RefusedError
from orchestrator.system.retrying import Retries, TransientError

_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_ACCEPT = f"{_OCI_INDEX}, application/vnd.oci.image.manifest.v1+json, {_DOCKER_LIST}, application/vnd.docker.distribution.manifest.v2+json"
_PIECE = 1 << 18


@dataclass(kw_only=True, slots=True)
class Memory:
    """What is known of a registry for the rest of a run: what it confirmed to have, per repository."""

    confirmed: set[tuple[str, str]] = field(default_factory=set)
    images: dict[str, tuple[Manifest, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """The protocol of pushing and pulling, in one conversation.

    Methods raise `RefusedError` for a definite no, `TransientError` when `retries` end, `VerificationError` for wrong bytes.
    """

    conversation: Conversation
    retries: Retries
    memory: Memory = field(default_factory=Memory)

    def push(self, archive: Callable[[], contextlib.AbstractContextManager[Archive]], name: str, digest: str) -> str:
        """Push an image of that digest under `REPOSITORY:TAG`; the archive is opened only for what is not confirmed yet. Returns the digest."""
        repository, _, tag = name.rpartition(":")
        known = self.memory.images.get(digest)
        wanted = {blob for one in known or () for blob in one.blobs}
        if known is None or any((repository, blob) not in self.memory.confirmed for blob in wanted):
            with archive() as files:
                known = files.manifests(digest)
                for one in known:
                    for blob, size in one.blobs.items():
                        self._put_blob(repository, blob, size, lambda blob=blob: files.blob(blob))  # type: ignore[misc]
            self.memory.images[digest] = known
        *below, top = known
        for one in below:
            self._put_manifest(repository, one.digest, one)
        self._put_manifest(repository, tag, top)
        return top.digest

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Read what a tag or a digest points at; the digest is that of the bytes that came."""
        answer = self._ask("GET", repository, f"manifests/{reference}", headers={"Accept": _ACCEPT})
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if ":" in reference and digest != reference:
            raise VerificationError(
                f"{self.conversation.registry} gives {digest} when asked for {repository}@{reference}",
                mend="check the registry",
            )
        return Manifest.parse(digest, answer.content, answer.headers.get("Content-Type", ""))

    def index(self, name: str, members: Sequence[tuple[str, str]]) -> str:
        """Join members (repository and digest) in an index under `REPOSITORY:TAG`, in the bytes that buildx would write; returns its digest."""
        repository, _, tag = name.rpartition(":")
        entries: dict[str, dict[str, Any]] = {}
        for source, digest in members:
            top = self.manifest(source, digest)
            for entry in top.children or (self._descriptor(source, top),):
                entries[str(entry["digest"])] = dict(entry)
                below = self.manifest(source, str(entry["digest"])) if top.children else top
                for blob, size in below.blobs.items():
                    self._copy_blob(source, repository, blob, size)
                self._put_manifest(repository, below.digest, below)
        is_oci = any(".oci." in str(entry.get("mediaType")) for entry in entries.values())
        content = {
            "schemaVersion": 2,
            "mediaType": _OCI_INDEX if is_oci else _DOCKER_LIST,
            "manifests": list(entries.values()),
        }
        raw = json.dumps(content, indent=2, ensure_ascii=False).encode()
        made = Manifest.parse(f"sha256:{hashlib.sha256(raw).hexdigest()}", raw)
        self._put_manifest(repository, tag, made)
        return made.digest

    def _descriptor(self, repository: str, manifest: Manifest) -> dict[str, Any]:
        config = self._ask("GET", repository, f"blobs/{manifest.content['config']['digest']}").json()
        return {
            "mediaType": manifest.media_type,
            "digest": manifest.digest,
            "size": len(manifest.raw),
            "platform": normal_platform(config),
        }

    def _put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        headers = {"Content-Type": manifest.media_type}
        self._ask("PUT", repository, f"manifests/{reference}", headers=headers, body=lambda: (manifest.raw,))

    def _put_blob(self, repository: str, digest: str, size: int, body: Body) -> None:
        if (repository, digest) in self.memory.confirmed or self._has(repository, digest):
            return
        self._upload(repository, digest, size, body, at="")

    def _upload(self, repository: str, digest: str, size: int, body: Body, *, at: str) -> None:
        """Send a blob's bytes to an upload begun `at` a location, or to a new one."""
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}

        def put() -> None:
            nonlocal at
            # An upload that broke off is not gone on with: what the registry kept of it is not known.
            where = at or self._location(self.conversation.ask("POST", repository, "blobs/uploads/"))
            at = ""
            try:
                self.conversation.ask(
                    "PUT", repository, str(httpx.URL(where).copy_merge_params({"digest": digest})), headers, body
                )
            except RefusedError as error:
                if "BLOB_UPLOAD_" in str(error):  # the registry forgot the upload
                    raise TransientError(str(error)) from error
                raise

        self.retries.repeat(f"{self.conversation.registry}/{repository}: PUT {digest[:19]}", put)
        self.memory.confirmed.add((repository, digest))

    def _copy_blob(self, source: str, target: str, digest: str, size: int) -> None:
        if source == target or (target, digest) in self.memory.confirmed or self._has(target, digest):
            return
        also = f"repository:{source}:pull"
        answer = self._ask("POST", target, f"blobs/uploads/?mount={digest}&from={source}", also=also)
        if answer.status_code == httpx.codes.CREATED:
            self.memory.confirmed.add((target, digest))
            return
        # It does not mount: the bytes have to go the long way.
        with tempfile.TemporaryFile(prefix="orchestrator-blob-") as file:
            self.retries.repeat(
                f"{self.conversation.registry}/{source}: GET {digest[:19]}", lambda: self._fetch(source, digest, file)
            )
            self._upload(target, digest, size, lambda: _pieces(file), at=self._location(answer))

    def _fetch(self, repository: str, digest: str, file: Any) -> None:
        file.seek(0)
        file.truncate()
        file.write(self.conversation.ask("GET", repository, f"blobs/{digest}").content)

    def _has(self, repository: str, digest: str) -> bool:
        answer = self._ask("HEAD", repository, f"blobs/{digest}", missing_is_fine=True)
        if answer.status_code == httpx.codes.OK:
            self.memory.confirmed.add((repository, digest))
            return True
        return False

    def _location(self, answer: httpx.Response) -> str:
        if "Location" not in answer.headers:
            raise RefusedError(f"{answer.status_code} without a Location")
        return str(answer.url.join(answer.headers["Location"]))

    def _ask(self, method: str, repository: str, path: str, **more: Any) -> httpx.Response:
        what = f"{self.conversation.registry}/{repository}: {method} {path.partition('?')[0]}"
        return self.retries.repeat(what, lambda: self.conversation.ask(method, repository, path, **more))


def normal_platform(config: Mapping[str, Any]) -> dict[str, str]:
    """Give the platform of an image's config as containerd normalizes it: without the variant that the architecture has anyway.

    Source: https://github.com/containerd/platforms/blob/v0.2.1/database.go
    """
    architecture, variant = str(config["architecture"]), str(config.get("variant") or "")
    usual = {("arm64", "v8"): "", ("arm64", "8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}
    variant = usual.get((architecture, variant), variant)
    found = {"architecture": architecture, "os": str(config["os"])}
    if config.get("os.version"):
        found["os.version"] = str(config["os.version"])
    return found | ({"variant": variant} if variant else {})


def _pieces(file: Any) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
