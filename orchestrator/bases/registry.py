"""Base images that lie in a registry: asked for by the docker CLI, which knows mirrors and credentials, and pinned by digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.bases.model import Base, How, Wanted
from orchestrator.errors import UnreachableError
from orchestrator.ledger.ledger import now
from orchestrator.system.process import Command, Runner, run

#: Seconds to wait for a registry; without network the answer comes at once.
_PATIENCE = 20.0


class NotInRegistryError(Exception):
    """The registry could not be asked, or does not have it; the message says why."""


def from_registry(
    wanted: Wanted,
    *,
    docker: str,
    environment: Mapping[str, str],
    base_registry: str | None = None,
    runner: Runner = run,
) -> Base:
    """Find a base's manifest for its platform. Raises `NotInRegistryError`; nothing is downloaded."""
    pulled = f"{base_registry}/{wanted.reference}" if base_registry else wanted.reference
    command = Command(
        argv=(docker, "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", pulled),
        environment=environment,
        timeout=_PATIENCE,
    )
    answer = runner(command)
    if answer.timed_out:
        raise NotInRegistryError(f"{base_registry or 'the default registry'} gave no answer within {_PATIENCE:.0f} s")
    if not answer.ok:
        raise NotInRegistryError(answer.reason.removeprefix("ERROR: "))
    manifest: dict[str, Any] = json.loads(answer.stdout)
    platform = wanted.architecture.platform
    digest, size = "", 0
    for entry in manifest.get("manifests") or ():
        seen = entry.get("platform") or {}
        if (seen.get("os"), seen.get("architecture")) == (platform.os, platform.architecture) and (
            seen.get("variant") or platform.variant
        ) == platform.variant:
            digest, size = str(entry["digest"]), int(entry.get("size", 0))
    if not manifest.get("manifests"):
        digest = str(manifest["digest"])
    if not digest:
        raise NotInRegistryError(f"{pulled} exists, but not for {platform}")
    return Base(
        reference=wanted.reference,
        architecture=wanted.architecture.name,
        layout=None,
        digest=digest,
        built=now(),
        how=How.REGISTRY,
        size=size,
        seconds=round(answer.seconds, 3),
        pulled=pulled,
    )


def unreachable(wanted: Wanted, why: str, *, bootstrap: str) -> UnreachableError:
    """Say what was asked of whom, why it failed, and what works without a registry."""
    return UnreachableError(
        f"the base image {wanted.reference} ({wanted.architecture.platform}) cannot be had from its registry: {why}",
        mend=f"{bootstrap}connect to the registry, or set base_registry: in orchestrator.yaml to a mirror of it; without any registry this "
        "works: make build MATRIX=examples/debian/versions.json VERSION=3.9 VARIANT=slim-bullseye",
    )
