"""Taking a tag away, also from registries that only take manifests away."""

from __future__ import annotations

import json
import secrets

from orchestrator.errors import VerificationError
from orchestrator.registry.answers import RefusedError
from orchestrator.registry.archive import Manifest
from orchestrator.registry.distribution import OCI_MANIFEST, Distribution
from orchestrator.system.retrying import TransientError

#: What an empty config holds. https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md#guidance-for-an-empty-descriptor
_EMPTY = b"{}"


def remove_tag(distribution: Distribution, repository: str, tag: str) -> bool:
    """Take a tag away, leaving what it leads to and all other tags; False where the registry takes nothing away.

    A registry that removes by digest alone (docker-registry 2.8) would take every tag of that digest away. So the tag is first led to an empty
    manifest that nothing else leads to, and that one is removed.
    """
    if distribution.delete_tag(repository, tag):
        return True
    if distribution.head(repository, tag) is None:
        return True
    before = distribution.manifest(repository, tag)
    stand_in = _nothing()
    config = stand_in.content["config"]
    distribution.put_blob(repository, config["digest"], config["size"], lambda: (_EMPTY,))
    distribution.set_manifest(repository, tag, stand_in)
    try:
        distribution.retries.repeat(
            f"{distribution.conversation.registry}/{repository}: DELETE manifests/{stand_in.digest[:19]}",
            lambda: distribution.conversation.ask(
                "DELETE", repository, f"manifests/{stand_in.digest}", missing_is_fine=True
            ),
        )
    except (RefusedError, VerificationError):
        distribution.set_manifest(repository, tag, before)
        return False
    except TransientError:
        distribution.set_manifest(repository, tag, before)
        raise
    return distribution.head(repository, tag) is None


def _nothing() -> Manifest:
    """Make an image manifest of its own, with nothing in it."""
    config = Manifest.of(_EMPTY)
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": config.digest,
            "size": len(_EMPTY),
        },
        "layers": [],
        "annotations": {"org.opencontainers.image.title": f"to be removed {secrets.token_hex(8)}"},
    }
    return Manifest.of(json.dumps(content).encode())
