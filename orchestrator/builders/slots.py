"""How many cells a machine bears at once."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.config.settings import BuilderSettings, Emulation

#: Memory in GiB that a cell may need: a compiler run per core, and QEMU's translated code beside it when emulated.
NATIVE_GIB, EMULATED_GIB = 2, 3
_GIB = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """Cells at once, and how many of them may be emulated."""

    all: int
    emulated: int


def slots_for(
    settings: BuilderSettings | None, emulation: Emulation, *, cores: int, memory: int, emulates: bool
) -> Slots:
    """Follow the config, else what `cores` and `memory` (bytes; 0: unknown) bear; a machine of which nothing is known works on one cell.

    `emulates` says that it can run anything under an emulator.
    """
    told = settings.slots if settings is not None else None
    gib = memory / _GIB
    if settings is not None and settings.memory_gib is not None:
        gib = settings.memory_gib
    # A build is never parallel all the time: one cell more than half the cores keeps them busy.
    bounds = [cores // 2 + 1] if cores else []
    bounds += [int(gib / NATIVE_GIB)] if gib else []
    slots = told if told is not None else max(1, min(bounds, default=1))
    if emulation is Emulation.NEVER or not emulates:
        return Slots(all=slots, emulated=0)
    if settings is not None and settings.emulated_slots is not None:
        return Slots(all=slots, emulated=min(slots, settings.emulated_slots))
    return Slots(all=slots, emulated=min(slots, max(1, int(gib / EMULATED_GIB))) if gib else slots)
