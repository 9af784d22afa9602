"""Base images that lie in a registry: asked for by the docker CLI, which knows mirrors and credentials, and pinned by digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from orchestrator.bases.model import Base, How, Wanted
from orchestrator.errors import UnreachableError
from orchestrator.ledger.ledger import now
from orchestrator.matrix.model import Platform
from orchestrator.system.process import Command, Completed, Runner, run
from orchestrator.system.retrying import Patience, Reachability, Retries, TransientError, transient

#: How often a registry that stumbles is asked. One try needs two requests: at 30% failures, all 24 fail with a probability of 1e-7.
PATIENCE = Patience(attempts=24, seconds=120.0)
#: Seconds to wait for one answer; without network it comes at once.
_TIMEOUT = 20.0
#: Tries when nothing answers at all: a machine without any registry must not wait; who names a mirror expects it to be there.
_TRIES_OF_DEFAULT = 2
_TRIES_OF_MIRROR = 4
_DEFAULT = "the default registry"


class NotInRegistryError(Exception):
    """The registry could not be asked, or does not have it; the message says why."""


def from_registry(
    wanted: Wanted,
    *,
    docker: str,
    environment: Mapping[str, str],
    base_registry: str | None = None,
    runner: Runner = run,
    retries: Retries | None = None,
    reachability: Reachability | None = None,
) -> Base:
    """Find a base's manifest for its platform, asking again while the registry stumbles. Raises `NotInRegistryError`; nothing is downloaded.

    `retries` are best made with `PATIENCE`; a `reachability` that look-ups share keeps all but the first from waiting for a registry that is
    not there.
    """
    pulled = f"{base_registry}/{wanted.reference}" if base_registry else wanted.reference
    asked = base_registry or _DEFAULT
    reachability = Reachability() if reachability is None else reachability
    if why := reachability.reason(asked):
        raise NotInRegistryError(why)
    # The bytes themselves: any format makes buildx read the configs of all platforms, too, many requests that may fail.
    command = Command(
        argv=(docker, "buildx", "imagetools", "inspect", "--raw", pulled),
        environment=environment,
        timeout=_TIMEOUT,
    )
    try:
        answer = (retries or Retries(patience=PATIENCE)).repeat(
            f"base {pulled}",
            lambda: _ask(runner, command),
            without_connection=_TRIES_OF_MIRROR if base_registry else _TRIES_OF_DEFAULT,
        )
    except TransientError as error:
        if not error.connected:
            reachability.down(asked, error.reason)
        raise NotInRegistryError(error.reason) from error
    if answer.timed_out:
        why = f"{asked} gave no answer within {_TIMEOUT:.0f} s"
        reachability.down(asked, why)
        raise NotInRegistryError(why)
    manifest: dict[str, Any] = json.loads(answer.stdout)
    digest, size = for_platform(manifest, answer.stdout, wanted.architecture.platform)
    if not digest:
        raise NotInRegistryError(absent(pulled, wanted.architecture.platform))
    return base_there(wanted, pulled, digest, size, seconds=round(answer.seconds, 3))


def base_there(wanted: Wanted, pulled: str, digest: str, size: int, *, seconds: float) -> Base:
    """Describe a base that a registry has under `pulled`; `size` is its manifest's in bytes, `seconds` what asking took."""
    return Base(
        reference=wanted.reference,
        architecture=wanted.architecture.name,
        layout=None,
        digest=digest,
        built=now(),
        how=How.REGISTRY,
        size=size,
        seconds=seconds,
        pulled=pulled,
    )


def for_platform(manifest: Mapping[str, Any], raw: bytes, platform: Platform) -> tuple[str, int]:
    """Choose from an index what is for a platform: its digest and size in bytes; an empty digest where nothing is.

    A manifest that is no index (`raw` are its bytes) is taken as it is, its size not being known (0).
    """
    digest, size = "", 0
    for entry in manifest.get("manifests") or ():
        seen = entry.get("platform") or {}
        if (seen.get("os"), seen.get("architecture")) == (platform.os, platform.architecture) and (
            seen.get("variant") or platform.variant
        ) == platform.variant:
            digest, size = str(entry["digest"]), int(entry.get("size", 0))
    if not manifest.get("manifests"):
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return digest, size


def absent(pulled: str, platform: Platform) -> str:
    """Say that a base is there, but not for a platform."""
    return f"{pulled} exists, but not for {platform}"


def _ask(runner: Runner, command: Command) -> Completed:
    """Ask once; an answer that took too long is one, as waiting as long again would rarely help."""
    answer = runner(command)
    if not answer.ok and not answer.timed_out:
        why = answer.reason.removeprefix("ERROR: ")
        raise transient(why) or NotInRegistryError(why)
    return answer


def unreachable(wanted: Wanted, why: str, *, bootstrap: str) -> UnreachableError:
    """Say what was asked of whom, why it failed, and what works without a registry."""
    return UnreachableError(
        f"the base image {wanted.reference} ({wanted.architecture.platform}) cannot be had from its registry: {why}",
        mend=f"{bootstrap}connect to the registry, or set base_registry: in orchestrator.yaml to a mirror of it; without any registry this "
        "works: make build MATRIX=examples/debian/versions.json VERSION=3.9 VARIANT=slim-bullseye",
    )
