"""Which patch releases are out that the matrix does not have yet: read from the listing of the release site, a few times a day."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.bump.model import is_final, order
from orchestrator.bump.places.model import below, newest
from orchestrator.bump.places.opening import site_of
from orchestrator.bump.places.pool import pool_path
from orchestrator.bump.places.site import Site
from orchestrator.inputs.transfer import Transfer, TransferError, make_client
from orchestrator.matrix.model import Line
from orchestrator.system.files import write_atomically

#: Seconds for which an answer is good enough: releases come every few weeks.
_TRUSTED = 6 * 3600.0
_TIMEOUT = httpx.Timeout(5.0, read=10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRelease:
    """A release that is out, of a line that the matrix has at `known`."""

    line: str
    known: str
    release: str

    def __str__(self) -> str:
        return f"{self.line}: {self.release} is out ({self.known} here): orchestrator bump {self.line}"


@dataclass(kw_only=True)
class ReleaseWatch:
    """Asks in a thread of its own, so that nobody has to wait for a site that is slow. `memory` holds the last answers.

    `site` is asked in place of the site of each line (None: it is not), unless it is a directory of a pool, which holds one line only.
    """

    lines: Sequence[Line]
    memory: Path
    site: str | None = None
    http: Callable[[], httpx.Client] = lambda: make_client(timeout=_TIMEOUT)
    clock: Callable[[], float] = time.time
    _found: list[NewRelease] = field(default_factory=list, init=False)
    _trouble: str = field(default="", init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to ask."""
        self._thread = threading.Thread(target=self._work, name="releases", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> tuple[tuple[NewRelease, ...], str]:
        """Give what was found, waiting for so long at most; and in one line why it is not known, where it is not."""
        if self._thread is None:
            return (), ""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return (), "the release site has not answered yet"
        return tuple(self._found), self._trouble

    def _work(self) -> None:
        try:
            found = self._asked()
        except (TransferError, ValueError, OSError) as error:
            self._trouble = f"the release site cannot be asked: {str(error) or type(error).__name__}"
            return
        self._found += [
            NewRelease(line=line.name, known=line.release, release=found[line.name])
            for line in self.lines
            if line.name in found and order(found[line.name]) > order(line.release)
        ]

    def _asked(self) -> dict[str, str]:
        site_by_line = {line.name: self._site_of(line) for line in self.lines}
        sites = sorted(set(site_by_line.values()))
        wanted = {"sites": sites, "lines": sorted(line.name for line in self.lines)}
        try:
            kept = json.loads(self.memory.read_bytes())
            if kept["wanted"] == wanted and 0 <= self.clock() - kept["asked"] < _TRUSTED:
                return {str(line): str(release) for line, release in kept["newest"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # none, or a damaged one: then the site is asked
        found: dict[str, str] = {}
        with self.http() as client:
            # Once each: the next night asks again.
            transfer = Transfer(client=client, patient=False)
            for site in sites:
                found |= _ask(transfer, site, [line for line in self.lines if site_by_line[line.name] == site])
        text = json.dumps({"wanted": wanted, "asked": self.clock(), "newest": found})
        with contextlib.suppress(OSError):  # then it is asked again the next time
            write_atomically(self.memory, text.encode())
        return found

    def _site_of(self, line: Line) -> str:
        return site_of(line) if self.site is None or pool_path(self.site) else self.site.rstrip("/")


def newer(line: Line, listing: Iterable[str]) -> tuple[str, ...]:
    """Of the final releases in a listing those of a line that are newer than the one that it is at, newest first."""
    found = {one for one in listing if one.startswith(f"{line.name}.") and is_final(one)}
    return tuple(one for one in newest(found) if order(one) > order(line.release))


def _ask(transfer: Transfer, site: str, lines: Sequence[Line]) -> dict[str, str]:
    listing = [name.removesuffix("/") for name in Site(address=site, transfer=transfer).names()]
    found: dict[str, str] = {}
    for line in lines:
        for release in newer(line, listing):
            # A directory is there weeks before its release, with candidates in it.
            if _is_there(transfer, _source_of(site, line, release)):
                found[line.name] = release
                break
    return found


def _is_there(transfer: Transfer, address: str) -> bool:
    try:
        transfer.look(address)
    except TransferError as error:
        if not error.refused:
            raise
        return False
    return True


def _source_of(site: str, line: Line, release: str) -> str:
    """The address of the source of another release; a line that is at a candidate has that in the name of the file alone."""
    return below(below(site, release), line.source.file.replace(line.release, release))
