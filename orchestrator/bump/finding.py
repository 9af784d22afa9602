"""The newest release of a line: found where releases lie, fetched once, verified, and kept for the builds that follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.bump.model import Verified
from orchestrator.inputs.transfer import Sleep
from orchestrator.matrix.model import Line
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation, Runner, run
from orchestrator.system.progress import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSettings:
    """Where to look, as a user says it.

    `site` is the address of a release site, of a directory of files, or of a package's directory in a Debian pool (None: the line's own);
    `offline` a directory that is the only source; `tags` the git address whose tags are compared (None: upstream's, unless `site` or
    `offline` is given); `keys` are files, directories or addresses of public keys; `prereleases` allows a, b and rc.
    """

    site: str | None = None
    offline: Path | None = None
    tags: str | None = None
    keys: tuple[str, ...] = ()
    prereleases: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A release that is out and complete (tarball and signature), not fetched yet; fields as in `Verified`, `origin` is the tarball's address or path."""

    release: str
    format: str
    origin: str
    pool: str | None = None
    seen: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Finds and verifies releases. `root` is the directory of the matrix (`keys/` in it may hold public keys).

    `cancellation` ends downloads; `client`, `sleep`, `runner` and `clock` (seconds since the epoch) are for tests.
    """

    inputs_places: Places
    progress: Progress
    sources: SourceSettings = SourceSettings()
    root: Path | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    client: httpx.Client | None = None
    sleep: Sleep = time.sleep
    runner: Runner = run
    clock: Callable[[], float] = time.time

    def newest(self, line: Line) -> Found | None:
        """Look for a newer release without fetching it; None where the line has the newest. Raises `UnreachableError`, `UsageError`."""
        raise NotImplementedError

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        """Fetch and verify the newest release, or exactly the release `to`; None where the line has it already.

        Raises `UnreachableError` where a place, a file of the release or its key cannot be had, `VerificationError` for a signature that does
        not hold, `UsageError` for a release of another line, `EnvironmentFailedError` without gpg.
        """
        raise NotImplementedError
