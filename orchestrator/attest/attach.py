"""Documents attached to a manifest in a registry, as referrers, so that whoever has the image finds them.

A registry with the referrers API lists them by itself; for another one they are listed in an index under a tag named after the subject,
which is what clients look at then. One that takes neither has them kept on this machine.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.attest.model import IN_TOTO, Attached, Document, Subject, Where
from orchestrator.attest.provenance import beside, document
from orchestrator.registry.answers import RefusedError, following
from orchestrator.registry.archive import Manifest
from orchestrator.registry.distribution import OCI_INDEX, OCI_MANIFEST, Distribution
from orchestrator.system.files import write_atomically
from orchestrator.system.places import Places
from orchestrator.system.retrying import TransientError

#: The config of what has none. Source: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md#guidance-for-an-empty-descriptor
_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
#: Changes of the index under a tag that are tried when somebody else changes it at the same time.
_CHANGES = 5


def attest_image(
    distribution: Distribution,
    places: Places,
    repository: str,
    manifest: Manifest,
    *,
    image: str = "",
    documents: Sequence[Document] = (),
) -> tuple[Attached, ...]:
    """Attach to a published manifest the provenance that was kept when it was built, and `documents` (an SBOM).

    `image` is the engine's id of it where that is not the manifest's digest. What the registry does not take lies below
    `places.state/attestations` then. Tells where each lies, in the order of `documents`, the provenance (if there is one) last. Attaching the same
    again sends nothing. Raises what `Distribution` raises, except `RefusedError`; `OSError` when a file cannot be written.
    """
    provenance = document(places, image or manifest.digest, manifest.digest)
    said = (*documents, *((provenance,) if provenance else ()))
    try:
        return attach(distribution, repository, Subject.of(manifest), said)
    except RefusedError as error:
        return tuple(_keep(places, manifest.digest, one, str(error)) for one in said)


def attach(
    distribution: Distribution, repository: str, subject: Subject, documents: Sequence[Document]
) -> tuple[Attached, ...]:
    """Attach documents to a manifest that is in the registry; what is there already is not sent again.

    Raises `RefusedError` when the registry takes them in no way, and what else `Distribution` raises.
    """
    made = [(one, referrer(subject, one)) for one in documents]
    wanted = {manifest.digest: _entry(one, manifest) for one, manifest in made}
    listed = referrers(distribution, repository, subject.digest)
    if listed is None or not wanted.keys() <= _digests(listed):
        for one, manifest in made:
            for data in (_EMPTY, one.data):
                distribution.put_blob(repository, _digest(data), len(data), lambda data=data: (data,))  # type: ignore[misc]
            distribution.put_manifest(repository, manifest.digest, manifest)
    if listed is None:
        _list(distribution, repository, subject.digest, wanted)
    where = Where.TAG if listed is None else Where.API
    return tuple(
        Attached(kind=one.kind, where=where, place=repository, digest=manifest.digest) for one, manifest in made
    )


def referrer(subject: Subject, document: Document) -> Manifest:
    """Make the manifest that attaches a document; the same document and subject give the same bytes."""
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": document.media_type,
        "config": {"mediaType": _EMPTY_TYPE, "digest": _digest(_EMPTY), "size": len(_EMPTY)},
        "layers": [
            {
                "mediaType": document.media_type,
                "digest": _digest(document.data),
                "size": len(document.data),
                "annotations": {"org.opencontainers.image.title": document.name},
            }
        ],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
        "annotations": _annotations(document),
    }
    return Manifest.of(_bytes(content))


def referrers(distribution: Distribution, repository: str, digest: str) -> tuple[dict[str, Any], ...] | None:
    """Ask a registry what refers to a manifest: descriptors; None when it has no such API."""
    what = f"{distribution.conversation.registry}/{repository}: GET referrers/{digest[:19]}"

    def ask() -> tuple[dict[str, Any], ...] | None:
        found: list[dict[str, Any]] = []
        path = f"referrers/{digest}"
        while path:
            answer = distribution.conversation.ask("GET", repository, path, missing_is_fine=True)
            # Some answer anything with a page for people.
            if not answer.is_success or OCI_INDEX not in answer.headers.get("Content-Type", ""):
                return None
            found += Manifest.of(answer.content).children
            path = following(answer)
        return tuple(found)

    try:
        return distribution.retries.repeat(what, ask)
    except (RefusedError, ValueError):
        return None


def tag_of(digest: str) -> str:
    """Name the tag under which clients look for the referrers of a manifest in a registry without the API."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm[:32]}-{value[:64]}"


def listed_under_tag(distribution: Distribution, repository: str, digest: str) -> tuple[dict[str, Any], ...]:
    """Read the list under that tag: descriptors; empty where there is none."""
    if distribution.head(repository, tag_of(digest)) is None:
        return ()
    return distribution.manifest(repository, tag_of(digest)).children


def _list(distribution: Distribution, repository: str, digest: str, wanted: Mapping[str, dict[str, Any]]) -> None:
    """Put entries into the list under the tag, leaving those of others; it is read back, as others may write at the same time."""
    for _ in range(_CHANGES):
        present = listed_under_tag(distribution, repository, digest)
        if wanted.keys() <= _digests(present):
            return
        missing = [entry for made, entry in wanted.items() if made not in _digests(present)]
        content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*present, *missing]}
        distribution.set_manifest(repository, tag_of(digest), Manifest.of(_bytes(content)))
    if not wanted.keys() <= _digests(listed_under_tag(distribution, repository, digest)):
        raise TransientError(f"{repository}:{tag_of(digest)} is changed by somebody else all the time")


def _entry(document: Document, manifest: Manifest) -> dict[str, Any]:
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.raw),
        "artifactType": document.media_type,
        "annotations": _annotations(document),
    }


def _annotations(document: Document) -> dict[str, str]:
    """Say what is in a statement, as BuildKit does on the layers of its own attestations."""
    found = {"org.opencontainers.image.title": document.name}
    if document.media_type == IN_TOTO:
        found["in-toto.io/predicate-type"] = str(json.loads(document.data)["predicateType"])
    return found


def _keep(places: Places, digest: str, document: Document, reason: str) -> Attached:
    path = beside(places, digest) / document.name
    if not path.exists() or path.read_bytes() != document.data:
        write_atomically(path, document.data)
    return Attached(
        kind=document.kind, where=Where.BESIDE, place=str(path), digest=_digest(document.data), reason=reason
    )


def _digests(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(entry.get("digest")) for entry in entries}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _bytes(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
