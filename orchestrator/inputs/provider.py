"""The front of this stage: what the build asks for its inputs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.errors import EnvironmentFailedError
from orchestrator.inputs.addresses import source_addresses
from orchestrator.inputs.fetch import fetch
from orchestrator.inputs.model import StoredInput, Wanted
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import Sleep, Transfer, make_client
from orchestrator.inputs.wheels import fetch_wheels
from orchestrator.matrix.model import Line, Pin
from orchestrator.system.apt_sources import Mirror, host_mirror
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Runner, run
from orchestrator.system.progress import Progress


def mirror_or_none() -> Mirror | None:
    """Find the host's Debian mirror; None on a host that has none, where upstream is asked instead."""
    with contextlib.suppress(EnvironmentFailedError):
        return host_mirror()
    return None


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Fetches each input once per host and hands out verified directories. Safe to use from several threads and processes.

    `directories` are the user's own places of files, asked first; `mirror` is the host's Debian mirror; `client` and `sleep` are for tests.
    """

    places: Places
    progress: Progress
    mirror: Mirror | None = field(default_factory=mirror_or_none)
    directories: tuple[Path, ...] = ()
    cancellation: Cancellation = field(default_factory=Cancellation)
    runner: Runner = run
    client: httpx.Client | None = None
    sleep: Sleep = time.sleep

    def source(self, line: Line) -> StoredInput:
        """Return the upstream tarball of a line, in a directory of its own. Raises `VerificationError`, `UnreachableError`."""
        wanted = Wanted(
            what=f"the source of Python {line.release}",
            file=line.source.file,
            sha256=line.source.sha256,
            addresses=source_addresses(line.source, self.mirror),
        )
        return self.file(wanted)

    def file(self, wanted: Wanted) -> StoredInput:
        """Return any file by its checksum. Raises like `source`."""
        stop = self._stopped
        with contextlib.ExitStack() as stack:
            client = self.client or stack.enter_context(make_client())
            return fetch(
                wanted,
                store=self._store,
                transfer=Transfer(client=client, sleep=self.sleep, stop=stop),
                progress=self.progress,
                directories=self.directories,
            )

    def wheels(self, pins: Sequence[Pin]) -> StoredInput:
        """Return a directory with exactly these wheels. Raises `VerificationError`, `UnreachableError`, `EnvironmentFailedError`."""
        return fetch_wheels(
            pins, store=self._store, progress=self.progress, directories=self.directories, runner=self.runner
        )

    @property
    def _store(self) -> Store:
        return Store(root=self.places.downloads)

    def _stopped(self) -> bool:
        return self.cancellation.requested
