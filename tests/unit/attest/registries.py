"""Registries in memory, with and without the referrers API."""

from __future__ import annotations

import json

import httpx

from orchestrator.registry.archive import Manifest
from orchestrator.registry.conversation import Conversation
from orchestrator.registry.distribution import OCI_INDEX, OCI_MANIFEST, Distribution
from orchestrator.registry.gate import Gate
from orchestrator.system.retrying import Patience, Retries
from tests.unit.registry.wire import ADDRESS, FakeWire, digest_of

REPOSITORY = "library/python"


class ListingWire(FakeWire):
    """A registry with the referrers API, in pages of two."""

    def _answer(self, request: httpx.Request) -> httpx.Response:
        head, found, subject = request.url.path.removeprefix("/v2/").partition("/referrers/")
        if not found:
            return super()._answer(request)
        entries = {}
        for (repository, reference), (kind, raw) in self.manifests.items():
            content = json.loads(raw)
            if repository == head and ":" in reference and content.get("subject", {}).get("digest") == subject:
                entries[reference] = {
                    "mediaType": kind,
                    "digest": reference,
                    "size": len(raw),
                    "artifactType": content.get("artifactType", ""),
                    "annotations": content.get("annotations", {}),
                }
        start = int(request.url.params.get("start", "0"))
        page = list(entries.values())[start : start + 2]
        more = len(entries) > start + 2
        headers = {"Content-Type": OCI_INDEX}
        headers |= {"Link": f'<{request.url.path}?start={start + 2}>; rel="next"'} if more else {}
        return httpx.Response(200, headers=headers, content=json.dumps({"manifests": page}).encode())


def distribution_on(wire: FakeWire) -> Distribution:
    retries = Retries(patience=Patience(attempts=30), sleep=lambda _seconds: None)
    conversation = Conversation(registry=ADDRESS, client=wire.client(ADDRESS), gate=Gate(sleep=retries.pause))
    return Distribution(conversation=conversation, retries=retries)


def put(wire: FakeWire, content: dict[str, object], reference: str = "") -> Manifest:
    """Put a manifest there without its blobs, as somebody else did long ago; its media type is the one that it names."""
    raw = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, **content}).encode()
    made = Manifest.of(raw)
    for name in (made.digest, *((reference,) if reference else ())):
        wire.manifests[REPOSITORY, name] = (made.media_type, raw)
    return made


def subject_on(wire: FakeWire) -> Manifest:
    """An image that was published."""
    return put(wire, {"config": {"digest": digest_of(b"c"), "size": 1}, "layers": []}, "3.9")
