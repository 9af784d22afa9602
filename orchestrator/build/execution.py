"""How a platform's programs are executed on a machine: natively, or by which emulator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """Native when `emulator` is empty; else the emulator's name and version, as they go into a cell's key."""

    emulator: str = ""

    @property
    def emulated(self) -> bool:
        """True when an emulator stands between."""
        return bool(self.emulator)

    @property
    def known(self) -> bool:
        """True when the emulator is the one of this host's kernel, whose version is known; of another machine's nothing is."""
        return self.emulated and not self.emulator.startswith("unknown")

    def __str__(self) -> str:
        return f"emulated ({self.emulator})" if self.emulator else "native"
