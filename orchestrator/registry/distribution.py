"""The protocol of one registry, request by request: what fails is asked again alone, what may be there already is looked for before it is sent.

Measured with dockerd 26.1.5 (containerd's store), buildx 0.13.1 and a proxy that fails 30% of all requests, on images of ten layers:
`docker push` needs 35 requests, 12 when the registry has everything, and ends with the first that fails: none of 120 pushes came through,
and 9 of 200 to a registry that had everything. `imagetools create` for two architectures needs 60 (2 of 20 came through), `imagetools
inspect` 8. So repeating those tools would take hundreds of tries. Here 24 tries of one request fail with a probability of 3e-13, and of an
upload, which is two, with 1e-7. An answer that is lost on the way does not make anything be sent twice, as a try looks first.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import httpx

from orchestrator.errors import VerificationError
from orchestrator.registry.answers import RefusedError, following, json_object, strange
from orchestrator.registry.archive import Manifest
from orchestrator.registry.conversation import Conversation, location
from orchestrator.registry.exchange import Body
from orchestrator.system.retrying import Retries, TransientError

T = TypeVar("T")

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"
_DIGEST = "Docker-Content-Digest"
_PIECE = 1 << 18
#: Pages of a list of tags that are read.
_PAGES = 10_000


@dataclass(kw_only=True, slots=True)
class Memory:
    """What a registry confirmed to have, by repository and digest, for the rest of a run; one lock for each thing that is being sent."""

    confirmed: set[tuple[str, str]] = field(default_factory=set)
    locks: dict[tuple[str, str], threading.Lock] = field(default_factory=dict)
    sent: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        """Count one more thing that was sent."""
        with self._counting:
            self.sent += 1

    def lock(self, repository: str, digest: str) -> threading.Lock:
        """The lock of one blob in one repository."""
        return self.locks.setdefault((repository, digest), threading.Lock())

    def elsewhere(self, repository: str, digest: str) -> str | None:
        """Name another repository that has the same blob."""
        return next((one for one, known in tuple(self.confirmed) if known == digest and one != repository), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """The protocol of pushing and pulling, in one conversation. Threads may share it.

    `without_connection` is how often something is tried when nothing answers at all, None for as often as else. Methods raise `RefusedError` for a definite no, `TransientError` when `retries` end, `VerificationError` for wrong bytes.
    """

    conversation: Conversation
    retries: Retries
    memory: Memory = field(default_factory=Memory)
    without_connection: int | None = None

    def introduce(self, repository: str) -> None:
        """Say who we are ahead of pushing to a repository, where that is asked for: what is pushed then need not wait for it."""
        self._repeat(f"{repository}: GET /v2/", lambda: self.conversation.introduce(repository))

    def head(self, repository: str, reference: str) -> str | None:
        """Tell the digest that a tag or a digest leads to, in one request that counts nowhere as a pull; None where there is nothing."""
        answer = self._ask(
            "HEAD", repository, f"manifests/{reference}", headers={"Accept": _ACCEPT}, missing_is_fine=True
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.headers.get(_DIGEST) or self.manifest(repository, reference).digest

    def manifest(self, repository: str, reference: str) -> Manifest:
        """Read what a tag or a digest points at; the digest is that of the bytes that came."""
        answer = self._ask("GET", repository, f"manifests/{reference}", headers={"Accept": _ACCEPT})
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if ":" in reference and digest != reference:
            raise VerificationError(
                f"{self.conversation.registry} gives {digest} when asked for {repository}@{reference}",
                mend="check the registry",
            )
        try:
            return Manifest.parse(digest, answer.content, answer.headers.get("Content-Type", ""))
        except ValueError as error:
            raise strange(answer, f"{repository}/manifests/{reference} is no manifest: {error}") from error

    def blob(self, repository: str, digest: str) -> bytes:
        """Read a small blob, such as an image's config."""
        content = self._ask("GET", repository, f"blobs/{digest}").content
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise self._other_bytes(repository, digest)
        return content

    def tags(self, repository: str) -> tuple[str, ...]:
        """List the tags of a repository; empty where there is none such."""
        found: dict[str, None] = {}
        path, pages = "tags/list?n=1000", 0
        while path:
            answer = self._ask("GET", repository, path, missing_is_fine=True)
            if answer.status_code == httpx.codes.NOT_FOUND:
                break
            tags = json_object(answer).get("tags") or []
            if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
                raise strange(answer, "it lists something else than tags")
            path, pages = following(answer), pages + 1
            if path and (pages == _PAGES or (tags and found.keys() >= set(tags))):
                raise strange(answer, "its list of tags has no end")
            found |= dict.fromkeys(tags)
        return tuple(found)

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Put a manifest under a tag or its digest, unless it is there. Its blobs, or the manifests that it names, have to be there."""
        if self.head(repository, reference) != manifest.digest:
            self.set_manifest(repository, reference, manifest)

    def set_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """The same for a reference that is known to lead elsewhere: it is put at once, and only looked for when an answer is lost."""
        tried = False

        def put() -> None:
            nonlocal tried
            if tried and self._leads_to(repository, reference, manifest.digest):
                return
            tried = True
            headers = {"Content-Type": manifest.media_type}
            answer = self.conversation.ask(
                "PUT", repository, f"manifests/{reference}", headers, lambda: (manifest.raw,)
            )
            if (seen := answer.headers.get(_DIGEST, manifest.digest)) != manifest.digest:
                raise VerificationError(
                    f"{repository}:{reference} points at {seen} after pushing {manifest.digest}",
                    mend="the registry rewrites manifests: find out before going on",
                )
            self.memory.count()

        self._repeat(f"{repository}: PUT manifests/{reference}", put)

    def put_blob(self, repository: str, digest: str, size: int, body: Body) -> None:
        """Send a blob, unless the registry has it, here or in another repository of this run."""
        with self.memory.lock(repository, digest):
            if self._has(repository, digest):
                return
            location, other = "", self.memory.elsewhere(repository, digest)
            if other is not None:
                location = self._mount(other, repository, digest)
            if (repository, digest) not in self.memory.confirmed:
                self._upload(repository, digest, size, body, at=location)

    def copy_blob(self, source: str, repository: str, digest: str, size: int) -> None:
        """Have a blob of one repository in another one as well."""
        with self.memory.lock(repository, digest):
            if source == repository or self._has(repository, digest):
                return
            location = self._mount(source, repository, digest)
            if (repository, digest) in self.memory.confirmed:
                return
            # It does not mount: the bytes have to go the long way.
            with tempfile.TemporaryFile(prefix="orchestrator-blob-") as file:
                self._repeat(f"{source}: GET {digest[:19]}", lambda: self._fetch(source, digest, file))
                self._upload(repository, digest, size, lambda: _pieces(file), at=location)

    def copy_manifest(self, source: str, repository: str, manifest: Manifest) -> None:
        """Have a manifest (not an index) of one repository in another one as well, with its blobs."""
        if self.head(repository, manifest.digest) == manifest.digest:
            return
        for blob, size in manifest.blobs.items():
            self.copy_blob(source, repository, blob, size)
        self.set_manifest(repository, manifest.digest, manifest)

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Take a tag away, leaving what it points at; False where the registry does not do that."""
        try:
            self._ask("DELETE", repository, f"manifests/{tag}", missing_is_fine=True)
        except (RefusedError, VerificationError):  # docker-registry 2.8 says DIGEST_INVALID: it wants a digest here
            return False
        return self.head(repository, tag) is None

    def _mount(self, source: str, repository: str, digest: str) -> str:
        """Ask for a blob of another repository; returns where it has to be uploaded to instead, empty where it need not be, or no such place is known.

        What is refused is the mount alone (we may not read there, or it is not done at all): an upload is asked for on its own.
        """
        try:
            answer = self._ask(
                "POST",
                repository,
                f"blobs/uploads/?mount={digest}&from={source}",
                also=f"repository:{source}:pull",
            )
            if answer.status_code == httpx.codes.CREATED:
                self.memory.confirmed.add((repository, digest))
                return ""
            return str(location(answer))
        except (RefusedError, VerificationError):
            return ""

    def _upload(self, repository: str, digest: str, size: int, body: Body, *, at: str) -> None:
        """Send a blob's bytes to an upload begun `at` a location, or to a new one."""
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        tried = False

        def put() -> None:
            nonlocal at, tried
            if tried and self._present(repository, digest):
                return  # it was the answer that got lost
            tried = True
            # An upload that broke off is not gone on with: what the registry kept of it is not known.
            where = at or str(location(self.conversation.ask("POST", repository, "blobs/uploads/")))
            at = ""
            try:
                self.conversation.ask(
                    "PUT", repository, str(httpx.URL(where).copy_merge_params({"digest": digest})), headers, body
                )
            except RefusedError as error:
                if "BLOB_UPLOAD_" in str(error):  # the registry forgot the upload
                    raise TransientError(str(error)) from error
                raise
            self.memory.count()

        self._repeat(f"{repository}: PUT {digest[:19]}", put)
        self.memory.confirmed.add((repository, digest))

    def _fetch(self, repository: str, digest: str, file: IO[bytes]) -> None:
        file.seek(0)
        file.truncate()
        self.conversation.fetch(repository, f"blobs/{digest}", file)
        seen = hashlib.sha256()
        for piece in _pieces(file):
            seen.update(piece)
        if f"sha256:{seen.hexdigest()}" != digest:
            raise self._other_bytes(repository, digest)

    def _other_bytes(self, repository: str, digest: str) -> VerificationError:
        return VerificationError(
            f"{self.conversation.registry} gives other bytes for {repository}@{digest}", mend="check the registry"
        )

    def _has(self, repository: str, digest: str) -> bool:
        if (repository, digest) in self.memory.confirmed:
            return True
        if self._repeat(f"{repository}: HEAD {digest[:19]}", lambda: self._present(repository, digest)):
            self.memory.confirmed.add((repository, digest))
            return True
        return False

    def _present(self, repository: str, digest: str) -> bool:
        answer = self.conversation.ask("HEAD", repository, f"blobs/{digest}", missing_is_fine=True)
        return answer.status_code == httpx.codes.OK

    def _leads_to(self, repository: str, reference: str, digest: str) -> bool:
        answer = self.conversation.ask(
            "HEAD", repository, f"manifests/{reference}", {"Accept": _ACCEPT}, missing_is_fine=True
        )
        return bool(answer.headers.get(_DIGEST) == digest)

    def _ask(self, method: str, repository: str, path: str, **more: Any) -> httpx.Response:
        said = path if "://" not in path else "tags/list"
        return self._repeat(
            f"{repository}: {method} {said.partition('?')[0]}",
            lambda: self.conversation.ask(method, repository, path, **more),
        )

    def _repeat(self, what: str, work: Callable[[], T]) -> T:
        return self.retries.repeat(
            f"{self.conversation.registry}/{what}", work, without_connection=self.without_connection
        )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
