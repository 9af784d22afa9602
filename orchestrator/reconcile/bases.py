"""The bases as they are now: in their registry where they come from one, else on this machine, as runs do it."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.bases.heads import BaseHeads, base_heads, memory_of
from orchestrator.bases.model import Wanted
from orchestrator.bases.shelf import records
from orchestrator.config.settings import BasePolicy, Settings
from orchestrator.reconcile.images import There
from orchestrator.registry.registries import Registries
from orchestrator.system.places import Places


def bases_now(
    there: Iterable[There], settings: Settings, places: Places, registries: Registries
) -> tuple[dict[tuple[str, str], str], tuple[str, ...]]:
    """Find the digests of the bases of published images by reference and architecture; returns notes on those that cannot be found out, too."""
    wanted: dict[tuple[str, str], Wanted] = {}
    for one in there:
        if one.base:
            variant, architecture = one.cell.image.variant, one.cell.architecture
            base = Wanted(reference=variant.base, suite=variant.suite, architecture=architecture)
            wanted[base.reference, architecture.name] = base
    heads = BaseHeads()
    if settings.bases is not BasePolicy.BOOTSTRAP:
        heads = base_heads(registries, wanted.values(), settings.base_registry, memory=memory_of(places))
    found = dict(heads.digests)
    if settings.bases is not BasePolicy.REGISTRY:
        own = {(record.reference, record.architecture): record.digest for _, record in records(places.bases)}
        found = {key: own[key] for key in wanted if key in own} | found
    silent: dict[str, list[str]] = {}
    for reference, name in wanted:
        if (reference, name) not in found:
            why = heads.unknown.get((reference, name), "it is not on this machine")
            silent.setdefault(why, []).append(f"{reference} for {name}")
    notes = tuple(f"whether {', '.join(names)} moved is not known: {why}" for why, names in silent.items())
    return found, notes
