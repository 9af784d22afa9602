"""The index over the members of a set, with its annotations; the same members give the same bytes.

Source: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md and
https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.publish.model import Member, Provenance
from orchestrator.registry.archive import Manifest
from orchestrator.registry.distribution import OCI_INDEX

_PREFIX = "org.opencontainers.image."
#: Says of an entry that it is about another one, and no image. Readers skip it.
#: https://docs.docker.com/build/metadata/attestations/attestation-storage/
ATTESTATION = "vnd.docker.reference.type"


def make_index(members: Sequence[Member], provenance: Provenance) -> Manifest:
    """Join members, in their order. It is created when the newest of them was: the time of publishing would make it another one each time."""
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [_entry(member, provenance) for member in members],
        "annotations": _annotations(
            provenance,
            created=max((member.created for member in members), default=""),
            base=(_only({member.base[0] for member in members}), _only({member.base[1] for member in members})),
        ),
    }
    raw = json.dumps(content, indent=2, ensure_ascii=False).encode()
    return Manifest.of(raw)


def members_of(index: Manifest) -> dict[str, str]:
    """Read an index: platform to digest, attestations left out."""
    found: dict[str, str] = {}
    for entry in index.children:
        platform = entry.get("platform") or {}
        name = "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))
        if ATTESTATION not in (entry.get("annotations") or {}) and "unknown" not in name:
            found[name] = str(entry["digest"])
    return found


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


def _entry(member: Member, provenance: Provenance) -> dict[str, Any]:
    return {
        "mediaType": member.media_type,
        "digest": member.digest,
        "size": member.size,
        "platform": dict(member.platform),
        "annotations": _annotations(provenance, created=member.created, base=member.base),
    }


def _annotations(provenance: Provenance, *, created: str, base: tuple[str, str]) -> dict[str, str]:
    said = {
        "base.digest": base[1],
        "base.name": base[0],
        "created": created,
        "revision": provenance.revision,
        "source": provenance.source,
        "version": provenance.version,
    }
    return {f"{_PREFIX}{name}": value for name, value in said.items() if value}


def _only(values: set[str]) -> str:
    """The one that all have; empty where they differ."""
    return values.pop() if len(values) == 1 else ""
