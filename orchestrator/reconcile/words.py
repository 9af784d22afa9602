"""What to type about a finding, with the options that this comparison was called with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Commands; `where` are the options that say which registry (empty: the config does), `matrix` those that say which matrix."""

    where: str = ""
    matrix: str = ""

    def fix(self, image: str) -> str:
        """Mend an image from what is proven or was published."""
        return f"orchestrator reconcile --fix {image}{self._all}"

    def publish(self, image: str, *, rebuild: bool = False, sign: bool = False) -> str:
        """Publish what is proven of an image."""
        more = (" --allow-rebuild" if rebuild else "") + (" --sign" if sign else "")
        return f"orchestrator publish {image}{more}{self._all}"

    def build(self, image: str) -> str:
        """Build an image or a cell, then publish it."""
        return f"orchestrator build {image}{self.matrix}, then {self.publish(image)}"

    def roll_back(self, run: int) -> str:
        """Take back what a run published."""
        return f"orchestrator publish --rollback {run}{self._all}"

    @property
    def remove_extra(self) -> str:
        """Take away tags that nothing declares."""
        return f"orchestrator reconcile --fix --remove-extra{self._all}"

    @property
    def _all(self) -> str:
        return f"{self.where}{self.matrix}"
