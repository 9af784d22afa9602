"""What bases are in their registries now: one small request for each, and its index only when it is another one than the last time.

`orchestrator.bases.registry` asks the docker CLI, which takes a third of a second for each base; a night that has nothing to do is not to wait for
that. What cannot be found out here has its reason beside it, for whoever then asks in that way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import DockerException
from pydantic import TypeAdapter, ValidationError

from orchestrator.bases.model import Base, Wanted
from orchestrator.bases.registry import absent, base_there, for_platform
from orchestrator.errors import OrchestratorError
from orchestrator.registry.archive import Manifest
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import LANES, Registries
from orchestrator.system.files import write_atomically
from orchestrator.system.places import Places

#: A base on an architecture: its reference in a Dockerfile, and the architecture's name.
Key = tuple[str, str]
_SHAPE = TypeAdapter(dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseHeads:
    """Bases as their registries have them now, and for the others why that is not known."""

    bases: Mapping[Key, Base] = field(default_factory=dict)
    unknown: Mapping[Key, str] = field(default_factory=dict)

    @property
    def digests(self) -> dict[Key, str]:
        """The digest of each base for its platform: what a cell's key is made of."""
        return {key: base.digest for key, base in self.bases.items()}


def memory_of(places: Places) -> Path:
    """Name the file that remembers indexes. It may be removed at any time."""
    return places.bases / "heads.json"


def base_heads(
    registries: Registries, wanted: Iterable[Wanted], base_registry: str | None, *, memory: Path
) -> BaseHeads:
    """Ask for the digests of bases, each reference once for all its architectures, many at once. Raises nothing for what cannot be found out.

    `base_registry` is a mirror, as in the settings. `memory` holds the bytes of each reference's last index: a damaged one is like none.
    """
    names: dict[str, list[Wanted]] = {}
    for one in wanted:
        names.setdefault(f"{base_registry}/{one.reference}" if base_registry else one.reference, []).append(one)
    remembered = _read(memory)
    answers: dict[str, _Answer] = {}
    # Of each registry one alone first: one that is not there is waited for once.
    first = tuple({_registry(name): name for name in reversed(tuple(names))}.values())
    with ThreadPoolExecutor(max_workers=LANES, thread_name_prefix="base") as pool:
        for some in (first, tuple(name for name in names if name not in first)):
            asked = pool.map(lambda name: _ask(registries, name, remembered.get(name)), some)
            answers.update(zip(some, asked, strict=True))
    fresh = {name: one.manifest.raw.decode() for name, one in answers.items() if one.manifest is not None}
    if any(remembered.get(name) != text for name, text in fresh.items()):
        _write(memory, remembered | fresh)
    bases: dict[Key, Base] = {}
    unknown: dict[Key, str] = {}
    for name, answer in answers.items():
        for one in names[name]:
            found = _base(one, name, answer)
            if isinstance(found, Base):
                bases[one.reference, one.architecture.name] = found
            else:
                unknown[one.reference, one.architecture.name] = found
    return BaseHeads(bases=bases, unknown=unknown)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What a registry has under a reference, or why that is not known; `seconds` that it took to find out."""

    manifest: Manifest | None = None
    reason: str = ""
    seconds: float = 0.0


def _ask(registries: Registries, name: str, remembered: str | None) -> _Answer:
    began = time.monotonic()
    try:
        where = Reference.parse(name)
        digest = registries.head(name)
        if digest is None:
            return _Answer(reason=f"{name} is not in {where.registry}")
        known = None if remembered is None else Manifest.of(remembered.encode())
        if known is None or known.digest != digest:
            with registries.asking(where.registry, f"{name} cannot be read") as distribution:
                known = distribution.manifest(where.repository, digest)
    except OrchestratorError as error:
        return _Answer(reason=error.message)
    except (DockerException, ValueError) as error:  # no reference, or a manifest that is no JSON
        return _Answer(reason=f"{name}: {error}")
    return _Answer(manifest=known, seconds=round(time.monotonic() - began, 3))


def _base(one: Wanted, name: str, answer: _Answer) -> Base | str:
    if answer.manifest is None:
        return answer.reason
    digest, size = for_platform(answer.manifest.content, answer.manifest.raw, one.architecture.platform)
    if not digest:
        return absent(name, one.architecture.platform)
    return base_there(one, name, digest, size, seconds=answer.seconds)


def _registry(name: str) -> str:
    try:
        return Reference.parse(name).registry
    except DockerException:
        return ""


def _read(memory: Path) -> dict[str, str]:
    """Read texts by reference. That each is what it says is seen by its digest, which nothing but its bytes gives."""
    try:
        found = _SHAPE.validate_json(memory.read_bytes(), strict=True)
    except (OSError, ValidationError):
        return {}
    return {name: text for name, text in found.items() if _is_object(text)}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _write(memory: Path, texts: Mapping[str, str]) -> None:
    try:
        write_atomically(memory, json.dumps(texts, indent=1).encode())
    except OSError:
        return  # a full disk costs the next run a few requests more
