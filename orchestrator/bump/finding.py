"""The newest release of a line: found where releases lie, fetched once, verified, and kept for the builds that follow."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from orchestrator.bump.model import Verified, order
from orchestrator.bump.places.inside import release_inside
from orchestrator.bump.places.model import Release
from orchestrator.bump.places.offline import Directory
from orchestrator.bump.places.opening import open_place
from orchestrator.bump.places.search import Search
from orchestrator.bump.places.taking import Taker
from orchestrator.bump.signature.keyring import open_keyring
from orchestrator.bump.signature.program import find_gpg
from orchestrator.bump.signature.sources import KeySources
from orchestrator.bump.signature.verify import Verifier
from orchestrator.bump.tags import UPSTREAM, Tags
from orchestrator.errors import UnreachableError, UsageError
from orchestrator.inputs.provider import mirror_or_none
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import Sleep, Transfer, TransferError, make_client
from orchestrator.matrix.model import Line
from orchestrator.system.apt_sources import Mirror
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
    """Finds and verifies releases. `root` is the directory of the matrix (`keys/` in it may hold public keys), `mirror` the host's Debian mirror.

    `cancellation` ends downloads; `client`, `sleep` and `runner` are for tests.
    """

    inputs_places: Places
    progress: Progress
    sources: SourceSettings = SourceSettings()
    root: Path | None = None
    mirror: Mirror | None = field(default_factory=mirror_or_none)
    cancellation: Cancellation = field(default_factory=Cancellation)
    client: httpx.Client | None = None
    sleep: Sleep = time.sleep
    runner: Runner = run

    def newest(self, line: Line) -> Found | None:
        """Look for a newer release without fetching it; None where the line has the newest. Raises `UnreachableError`, `UsageError`."""
        with self._search(line) as search:
            for release in search.newer():
                origin = search.complete(release)
                if origin:
                    seen, notes = search.told()
                    return Found(
                        release=release.release,
                        format=release.format,
                        origin=origin,
                        pool=release.pool,
                        seen=seen,
                        notes=notes,
                    )
            search.nothing()
        return None

    def verified(self, line: Line, *, to: str | None = None) -> Verified | None:
        """Fetch and verify the newest release, or exactly the release `to`; None where the line has it already.

        Raises `UnreachableError` where a place, a file of the release or its key cannot be had, `VerificationError` for a signature that does
        not hold, `UsageError` for a release of another line, `EnvironmentFailedError` without gpg.
        """
        if to is not None and (not order(to) or not to.startswith(f"{line.name}.")):
            raise UsageError(f'"{to[:80]}" is not a release of {line.name}', mend=f"write it like {line.name}.1")
        if to == line.release:
            return None
        with self._search(line) as search:
            for release in search.newer() if to is None else search.exactly(to):
                origin = search.complete(release)
                if not origin:
                    continue
                try:
                    signature = search.taker.signature(release)
                except TransferError as error:
                    search.lacks(release.signature, error)
                    continue
                except OSError as error:
                    raise UnreachableError(
                        f"{release.signature} cannot be read: {error.strerror or error}", mend="make it a readable file"
                    ) from error
                with self._verifier(line, release, search) as (verifier, file):
                    file.write_bytes(signature)
                    check = partial(verifier.check, signature=file, what=origin)
                    try:
                        stored, good = search.taker.take(release, check)
                    except TransferError as error:
                        search.lacks(release.tarball, error)
                        continue
                seen, notes = search.told()
                if (inside := release_inside(stored.directory / stored.files[0])) not in {None, release.release}:
                    # Told, not refused: the signature holds, and an image of it would not pass `interpreter/version`.
                    notes = (*notes, f"look at it: {origin} says inside that it is Python {inside}")
                return Verified(
                    release=release.release,
                    format=release.format,
                    sha256=stored.digest.removeprefix("sha256:"),
                    origin=origin,
                    stored=stored,
                    signature=good,
                    pool=release.pool,
                    seen=seen,
                    notes=(*notes, *([good.note] if good.note else [])),
                )
            search.nothing()
        return None

    @contextlib.contextmanager
    def _search(self, line: Line) -> Iterator[Search]:
        sources = self.sources
        with contextlib.ExitStack() as stack:
            client = self.client or stack.enter_context(make_client())
            transfer = Transfer(client=client, sleep=self.sleep, stop=lambda: self.cancellation.requested)
            cache = self.inputs_places.cache / "bump"
            opened = open_place(
                line,
                transfer=transfer,
                cache=cache,
                progress=self.progress,
                mirror=self.mirror,
                site=sources.site,
                offline=sources.offline,
            )
            tags = None
            if sources.offline is None and (sources.site is None or sources.tags is not None):
                tags = Tags(
                    address=sources.tags or UPSTREAM, line=line, prereleases=sources.prereleases, runner=self.runner
                )
                tags.start()
            taker = Taker(
                store=Store(root=self.inputs_places.downloads),
                transfer=transfer,
                progress=self.progress,
                memory=cache / "taken",
            )
            yield Search(line=line, opened=opened, taker=taker, tags=tags, prereleases=sources.prereleases)

    @contextlib.contextmanager
    def _verifier(self, line: Line, release: Release, search: Search) -> Iterator[tuple[Verifier, Path]]:
        gpg = find_gpg(self.inputs_places, self.progress, runner=self.runner)
        offline = self.sources.offline
        with open_keyring(gpg, line.gpg_key) as keyring:
            sources = KeySources(
                pinned=line.gpg_key,
                gpg=gpg,
                transfer=search.taker.transfer,
                home=keyring.home,
                given=self.sources.keys,
                root=self.root,
                beside=release.keys,
                files=None if offline is None else Directory(root=offline).files(),
                site=search.opened.site,
            )
            yield (
                Verifier(keyring=keyring, sources=sources.all(), progress=self.progress),
                keyring.home / "release.asc",
            )
