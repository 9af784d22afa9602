"""Which patch releases are out that the matrix does not have yet: read from the listing of the release site, a few times a day."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.matrix.model import Line
from orchestrator.system.files import write_atomically

#: Seconds for which an answer is good enough: releases come every few weeks.
_TRUSTED = 6 * 3600.0
_TIMEOUT = httpx.Timeout(5.0, read=10.0)
_ENTRY = re.compile(r'href="([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})/?"')


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRelease:
    """A release that is out, of a line that the matrix has at `known`."""

    line: str
    known: str
    release: str

    def __str__(self) -> str:
        return (
            f"{self.line}: {self.release} is out ({self.known} here): orchestrator bump {self.line} --to {self.release}"
        )


@dataclass(kw_only=True)
class ReleaseWatch:
    """Asks in a thread of its own, so that nobody has to wait for a site that is slow. `memory` holds the last answers."""

    lines: Sequence[Line]
    memory: Path
    http: Callable[[], httpx.Client] = lambda: httpx.Client(timeout=_TIMEOUT, follow_redirects=True)
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
            newest = self._newest()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            self._trouble = f"the release site cannot be asked: {str(error) or type(error).__name__}"
            return
        self._found += [
            NewRelease(line=line.name, known=line.release, release=newest[line.name])
            for line in self.lines
            if line.name in newest and _numbers(newest[line.name]) > _numbers(line.release)
        ]

    def _newest(self) -> dict[str, str]:
        sites = sorted({site_of(line) for line in self.lines})
        wanted = {"sites": sites, "lines": sorted(line.name for line in self.lines)}
        try:
            kept = json.loads(self.memory.read_bytes())
            if kept["wanted"] == wanted and 0 <= self.clock() - kept["asked"] < _TRUSTED:
                return {str(line): str(release) for line, release in kept["newest"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # none, or a damaged one: then the site is asked
        newest: dict[str, str] = {}
        with self.http() as client:
            for site in sites:
                newest |= _ask(client, site, [line for line in self.lines if site_of(line) == site])
        text = json.dumps({"wanted": wanted, "asked": self.clock(), "newest": newest})
        with contextlib.suppress(OSError):  # then it is asked again the next time
            write_atomically(self.memory, text.encode())
        return newest


def site_of(line: Line) -> str:
    """The address of the release site, of which every release is a directory."""
    return line.source.url.rsplit("/", 2)[0]


def newer(line: Line, listing: Iterable[str]) -> tuple[str, ...]:
    """Of the releases in a listing those of a line that are newer than the one that it is at, newest first."""
    found = {one for one in listing if one.startswith(f"{line.name}.") and _numbers(one) > _numbers(line.release)}
    return tuple(sorted(found, key=_numbers, reverse=True))


def _ask(client: httpx.Client, site: str, lines: Sequence[Line]) -> dict[str, str]:
    answer = client.get(f"{site}/")
    answer.raise_for_status()
    listing = _ENTRY.findall(answer.text)
    newest: dict[str, str] = {}
    for line in lines:
        for release in newer(line, listing):
            # A directory is there weeks before its release, with candidates in it.
            if client.head(_source_of(line, release)).is_success:
                newest[line.name] = release
                break
    return newest


def _source_of(line: Line, release: str) -> str:
    """The address of the source of another release; a line that is at a candidate has that in the name of the file alone."""
    return f"{site_of(line)}/{release}/{line.source.url.rpartition('/')[2].replace(line.release, release)}"


def _numbers(release: str) -> tuple[int, ...]:
    """To compare: 3.7.10 is after 3.7.9, and 3.7.0 after 3.7.0rc1."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?$", release)
    if found is None:
        return ()
    stage = {"a": 0, "b": 1, "rc": 2, None: 3}[found[4]]
    return (*(int(number) for number in found.groups()[:3]), stage, int(found[5] or 0))
