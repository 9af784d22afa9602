"""The provenance of an image: what BuildKit recorded of its build, else what we can state ourselves; kept as an in-toto statement.

Sources: https://github.com/in-toto/attestation/blob/main/spec/v0.1.0/statement.md, https://slsa.dev/spec/v1.0/provenance,
https://slsa.dev/spec/v0.2/provenance
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.attest.model import IN_TOTO, PROVENANCE, Document, Kind, Told, UntoldError
from orchestrator.system.files import write_atomically
from orchestrator.system.places import Places

#: What stands as builder in a statement that is ours: nobody can take it for BuildKit's.
OURS = "urn:orchestrator:builder"
_BUILD_TYPE = "urn:orchestrator:build"
_NOTE = "stated by the orchestrator, as BuildKit's own record of the build could not be had"
_USAGE = frozenset({"sysUsage", "resourceUsage"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Something that a build was given: a name or address, and its digest (`sha256:<hex>`)."""

    name: str
    uri: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What we know of a build by ourselves: the cell, its platform, what its key was made of, and what it was given."""

    cell: str
    platform: str
    key: str
    ingredients: Mapping[str, str] = field(default_factory=dict)
    materials: Sequence[Material] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """A statement that lies at `path`; `reason` says why it is ours and not BuildKit's, empty when it is BuildKit's."""

    path: Path
    reason: str = ""


def beside(places: Places, digest: str) -> Path:
    """Name the directory of what is said of an image or a manifest on this machine."""
    return places.state / "attestations" / digest.removeprefix("sha256:")


def place(places: Places, digest: str) -> Path:
    """Name the file of an image's provenance (`digest` is `sha256:<hex>`), whether it is there or not."""
    return beside(places, digest) / "provenance.json"


def document(places: Places, image: str, digest: str) -> Document | None:
    """Give the statement that was kept of an image as one about the manifest `digest`; None where there is none that can be read.

    `image` is the engine's id of it: the same digest, or in engines of the older kind that of the config, as a manifest is made in pushing.
    """
    try:
        statement = json.loads(place(places, image).read_bytes())
        _predicate(statement)
        statement["subject"][0]["digest"]["sha256"] = digest.removeprefix("sha256:")
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Document(kind=Kind.PROVENANCE, media_type=IN_TOTO, data=_bytes(statement))


def keep(places: Places, digest: str, stated: Stated, ask: Callable[[], Told]) -> Provenance:
    """Write down where an image comes from; `ask` gives BuildKit's record of its build, or raises `UntoldError`.

    BuildKit's statement, once there, stays: a build that made the same image again tells other times, and attaching it again would pile up.
    Raises `OSError` when it cannot be written.
    """
    path = place(places, digest)
    if _is_buildkits(path):
        return Provenance(path=path)
    try:
        told = ask()
    except UntoldError as error:
        reason = str(error)
    else:
        made = ", ".join(sorted(told.digests)) or "nothing"
        reason = "" if digest in told.digests else f"BuildKit's record is of a build that made {made}, not {digest}"
    write_atomically(path, ours(stated, digest) if reason else buildkits(told, digest, stated.cell))
    return Provenance(path=path, reason=reason)


def buildkits(told: Told, digest: str, name: str) -> bytes:
    """Make the statement about an image (`digest` is `sha256:<hex>`) of what BuildKit recorded."""
    return _statement(told.predicate_type, _without_usage(told.predicate), digest, name)


def ours(stated: Stated, digest: str) -> bytes:
    """Make the statement about an image of what we know ourselves; the same knowledge gives the same bytes."""
    predicate = {
        "buildDefinition": {
            "buildType": _BUILD_TYPE,
            "externalParameters": {"cell": stated.cell, "platform": stated.platform},
            "internalParameters": {"key": stated.key, "ingredients": dict(stated.ingredients), "note": _NOTE},
            "resolvedDependencies": [
                {
                    "name": one.name,
                    **({"uri": one.uri} if one.uri else {}),
                    "digest": {"sha256": one.digest.removeprefix("sha256:")},
                }
                for one in stated.materials
            ],
        },
        "runDetails": {"builder": {"id": OURS}},
    }
    return _statement(f"{PROVENANCE}v1", predicate, digest, stated.cell)


def is_ours(statement: bytes) -> bool:
    """Tell whether a statement is ours, not BuildKit's. Raises `ValueError` for what is no statement."""
    predicate = _predicate(json.loads(statement))
    builder = (predicate.get("runDetails") or {}).get("builder") or {}
    return builder.get("id") == OURS


def _is_buildkits(path: Path) -> bool:
    try:
        return not is_ours(path.read_bytes())
    except (OSError, ValueError):
        return False  # none yet, or one that was damaged


def _predicate(statement: Any) -> dict[str, Any]:
    match statement:
        case {"predicate": dict(predicate)}:
            return predicate
    raise ValueError("no in-toto statement")


def _statement(predicate_type: str, predicate: Any, digest: str, name: str) -> bytes:
    kind = "https://in-toto.io/Statement/v0.1" if predicate_type.endswith("v0.2") else "https://in-toto.io/Statement/v1"
    statement = {
        "_type": kind,
        "predicateType": predicate_type,
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicate": predicate,
    }
    return _bytes(statement)


def _bytes(statement: Any) -> bytes:
    return json.dumps(statement, separators=(",", ":"), sort_keys=True).encode()


def _without_usage(value: Any) -> Any:
    """Leave out the machine's load during the build: the history holds it, an attestation with mode=max does not."""
    if isinstance(value, Mapping):
        return {name: _without_usage(one) for name, one in value.items() if name not in _USAGE}
    return [_without_usage(one) for one in value] if isinstance(value, list) else value
