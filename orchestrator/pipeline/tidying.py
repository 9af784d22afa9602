"""Removing what is old at the end of a night, while its run still holds the lock."""

from __future__ import annotations

from orchestrator.disk.engine import open_side
from orchestrator.disk.pruning import carry_out, foresee, look, note_sightings, removers
from orchestrator.pipeline.workshop import Workshop


def tidy(shop: Workshop) -> int:
    """Remove what `orchestrator prune` would; returns the bytes freed. Raises `EnvironmentFailedError` for an engine that is gone."""
    names = [builder.name for builder in shop.settings.builders]
    with open_side(shop.places, names, shop.progress) as side:
        inventory = look(shop.places, side, live=False)
        report = carry_out(foresee(shop.places, inventory, shop.settings.keep), removers(shop.places, side, alone=True))
        note_sightings(shop.places, inventory)
    for one in report.refused:
        shop.progress.warn(f"stays: {one.kind} {one.what}: {one.reason}")
    return report.size
