"""What attestations are made of, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.registry.archive import Manifest

#: What the predicates are called that are provenance; behind it stands the version.
PROVENANCE = "https://slsa.dev/provenance/"


class Kind(StrEnum):
    """What is said of an image, as the ledger calls it."""

    SBOM = "sbom"
    PROVENANCE = "provenance"
    SIGNATURE = "signature"


#: Media types of documents; they are the artifact types of their referrers, too.
SPDX = "application/spdx+json"
IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """Something that is said of an image: its exact bytes, and their media type (`SPDX`, `IN_TOTO`)."""

    kind: Kind
    media_type: str
    data: bytes

    @property
    def name(self) -> str:
        """What it is called as a file."""
        return f"{self.kind}.spdx.json" if self.media_type == SPDX else f"{self.kind}.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The manifest that is spoken of: what an OCI descriptor says, `size` in bytes."""

    digest: str
    size: int
    media_type: str

    @classmethod
    def of(cls, manifest: Manifest) -> Subject:
        """Describe a manifest or an index."""
        return cls(digest=manifest.digest, size=len(manifest.raw), media_type=manifest.media_type)


class Where(StrEnum):
    """How an attestation is found."""

    API = "listed by the registry"
    TAG = "listed under a tag"
    BESIDE = "kept beside"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """Where a document lies: `place` is the repository, or the path of a file where the registry takes none, for which `reason` is its own.

    `digest` is that of the document's manifest, or of the file.
    """

    kind: Kind
    where: Where
    place: str
    digest: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What BuildKit says of a build: `predicate_type` (SLSA provenance, with its version), the predicate, and what came out of it.

    `digests` are those of manifests and configs that it made (`sha256:<hex>`).
    """

    predicate_type: str
    predicate: Mapping[str, Any]
    digests: frozenset[str]


class UntoldError(Exception):
    """BuildKit does not tell; the message is the reason in one line."""
