"""Where this program keeps things: the XDG base directories, and nothing outside them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The directories of one user. They are created by whoever first writes there.

    Source: the XDG Base Directory Specification, https://specifications.freedesktop.org/basedir-spec/latest/
    """

    cache: Path
    state: Path

    @property
    def downloads(self) -> Path:
        """Verified inputs, by digest."""
        return self.cache / "inputs"

    @property
    def bases(self) -> Path:
        """Bootstrapped base images, as OCI layouts."""
        return self.cache / "bases"

    @property
    def native_tools(self) -> Path:
        """Programs that speed up emulated builds: OCI layouts by identity, and what was found out about them."""
        return self.cache / "native-tools"

    @property
    def engine(self) -> Path:
        """The embedded engine: unpacked packages, data root, socket."""
        return self.cache / "engine"

    @property
    def ledger(self) -> Path:
        """The SQLite file that remembers runs."""
        return self.state / "ledger.sqlite"

    @property
    def run_lock(self) -> Path:
        """Held by the run that is alive; says who that is."""
        return self.state / "run.lock"

    @property
    def logs(self) -> Path:
        """One log file per attempt at a cell."""
        return self.state / "logs"

    @property
    def contents(self) -> Path:
        """What is in proven images, a file per digest."""
        return self.state / "contents"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Places:
        """Read XDG_CACHE_HOME and XDG_STATE_HOME; relative values are ignored, as the specification demands."""
        env = os.environ if environment is None else environment
        home = Path(env.get("HOME") or Path("~").expanduser())

        def place(name: str, default: Path) -> Path:
            given = Path(env.get(name, ""))
            return (given if given.is_absolute() else default) / "orchestrator"

        return cls(
            cache=place("XDG_CACHE_HOME", home / ".cache"), state=place("XDG_STATE_HOME", home / ".local" / "state")
        )
