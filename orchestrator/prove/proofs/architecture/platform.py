"""The platform in the image's config."""

from __future__ import annotations

from orchestrator.prove.model import Proof, ProofFailedError, Subject


def _check(subject: Subject) -> str:
    wanted = subject.cell.architecture.platform
    image = subject.image
    # An absent variant on arm64 means v8, the only one there is: https://github.com/containerd/platforms/blob/main/database.go
    variant = image.variant or ("v8" if image.architecture == "arm64" else "")
    if (image.os, image.architecture, variant) != (wanted.os, wanted.architecture, wanted.variant or ""):
        raise ProofFailedError(f"the config says {image.platform or 'nothing'}, expected {wanted}")
    return str(wanted)


PROOF = Proof(
    name="architecture/platform",
    claim="The image's config names the platform that it is built for.",
    link="https://github.com/opencontainers/image-spec/blob/main/config.md",
    check=_check,
)
