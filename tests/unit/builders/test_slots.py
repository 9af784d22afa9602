from __future__ import annotations

from typing import Any

import pytest

from orchestrator.builders.slots import Slots, slots_for
from orchestrator.config.settings import BuilderSettings, Emulation

GIB = 1024**3


@pytest.mark.parametrize(
    ("cores", "gib", "slots", "emulated"),
    [
        (2, 23.5, 2, 2),
        (1, 8, 1, 1),
        (2, 3.8, 1, 1),
        (2, 4, 2, 1),
        (8, 32, 5, 5),
        (64, 12, 6, 4),
        (64, 256, 33, 33),
        (4, 0.9, 1, 1),
        (0, 0, 1, 1),
        (8, 0, 5, 5),
    ],
)
def test_cores_and_memory_bound_each_other(cores: int, gib: float, slots: int, emulated: int) -> None:
    found = slots_for(None, Emulation.FALLBACK, cores=cores, memory=int(gib * GIB), emulates=True)
    assert found == Slots(all=slots, emulated=emulated)


@pytest.mark.parametrize(
    ("told", "slots", "emulated"),
    [
        ({}, 5, 5),
        ({"slots": 9}, 9, 9),
        ({"memory_gib": 6}, 3, 2),
        ({"memory_gib": 1}, 1, 1),
        ({"slots": 9, "memory_gib": 6}, 9, 2),
        ({"emulated_slots": 0}, 5, 0),
        ({"emulated_slots": 3}, 5, 3),
        ({"slots": 2, "emulated_slots": 3}, 2, 2),
    ],
)
def test_the_config_has_the_last_word(told: dict[str, Any], slots: int, emulated: int) -> None:
    settings = BuilderSettings(name="x", **told)
    assert slots_for(settings, Emulation.ALLOW, cores=8, memory=32 * GIB, emulates=True) == Slots(
        all=slots, emulated=emulated
    )


def test_memory_alone_is_enough_for_a_machine_that_tells_nothing() -> None:
    settings = BuilderSettings(name="far", memory_gib=16)
    assert slots_for(settings, Emulation.FALLBACK, cores=0, memory=0, emulates=True) == Slots(all=8, emulated=5)


@pytest.mark.parametrize(("emulation", "emulates"), [(Emulation.NEVER, True), (Emulation.ALLOW, False)])
def test_nothing_is_emulated_where_that_is_forbidden_or_impossible(emulation: Emulation, *, emulates: bool) -> None:
    settings = BuilderSettings(name="x", emulated_slots=4)
    assert slots_for(settings, emulation, cores=8, memory=32 * GIB, emulates=emulates) == Slots(all=5, emulated=0)
