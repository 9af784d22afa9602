"""Where the embedded engine keeps its files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.system.places import Places


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """`root` is on disk and lasts; `run` is on the system's run directory, so that a reboot, which ends the engine, also forgets it.

    Sockets live below `run`, whose path is short whatever the user's cache directory is called: the kernel takes at most 107 bytes.
    """

    root: Path
    run: Path

    @classmethod
    def of(cls, places: Places, *, run_root: Path = Path("/run"), user: int | None = None) -> Layout:
        """One engine per user and cache directory. Links in its path are resolved: /proc shows real paths only."""
        root = places.engine.resolve()
        name = hashlib.sha256(str(root).encode()).hexdigest()[:8]
        return cls(root=root, run=run_root / f"orchestrator-{os.getuid() if user is None else user}-{name}")

    @property
    def trees(self) -> Path:
        """Unpacked packages, one directory per set of versions."""
        return self.root / "trees"

    @property
    def current(self) -> Path:
        """Which tree is in use, and what is in it (JSON)."""
        return self.root / "current.json"

    @property
    def apt(self) -> Path:
        """Package lists of the private apt."""
        return self.root / "apt"

    @property
    def data(self) -> Path:
        """The engine's images, containers and build cache."""
        return self.root / "data"

    @property
    def settings(self) -> Path:
        """The engine's configuration file."""
        return self.root / "daemon.json"

    @property
    def client(self) -> Path:
        """The docker CLI's configuration directory for this engine."""
        return self.root / "client"

    @property
    def log(self) -> Path:
        """What the engine says."""
        return self.root / "dockerd.log"

    @property
    def lock(self) -> Path:
        """Held while the engine is started, stopped or unpacked."""
        return self.root / "lock"

    @property
    def users(self) -> Path:
        """Held (shared) by every process that works with the engine."""
        return self.root / "users"

    @property
    def socket(self) -> Path:
        """The engine's API."""
        return self.run / "docker.sock"

    @property
    def pid(self) -> Path:
        """The engine's own pid file."""
        return self.run / "docker.pid"

    @property
    def exec_root(self) -> Path:
        """The engine's run-time files: containerd's sockets, network namespaces."""
        return self.run / "exec"

    @property
    def state(self) -> Path:
        """What was started and what was there before (JSON)."""
        return self.run / "state.json"

    @property
    def emulators(self) -> Path:
        """Which emulators we registered with the kernel (JSON)."""
        return self.run / "emulators.json"

    @property
    def bridge(self) -> str:
        """The name of the network bridge: never docker0, which belongs to the host's own engine, now or later."""
        return f"orch-{self.run.name.rsplit('-', 1)[-1]}"

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.socket}"
