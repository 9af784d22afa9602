"""Which files of a source package an archive has, by its own indexes (`dists/SUITE/main/source/Sources.xz`).

Mirrors need not show pages of their directories, but they have to have these. An index is some ten megabytes: what it says of Python is kept
until the suite's InRelease names another. Nothing here is trusted: the tarball's own signature decides.

Source: https://wiki.debian.org/DebianRepository/Format
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.inputs.transfer import Transfer, TransferError
from orchestrator.system.files import locked, sha256_of, write_atomically
from orchestrator.system.progress import Progress

#: What lies in a pool is in one of these, mostly in the first three.
_CURRENT, _OLD = ("unstable", "testing", "stable"), ("oldstable", "oldoldstable")
_INDEX = "main/source/Sources.xz"
_SUM = re.compile(rf"^ ([0-9a-f]{{64}}) +[0-9]+ {re.escape(_INDEX)}$", re.MULTILINE)
_PACKAGE = re.compile(rb"^Package: python[0-9]+\.[0-9]+\n(?:.+\n)*", re.MULTILINE)
_DIRECTORY = re.compile(rb"^Directory: (\S+)$", re.MULTILINE)
_FILE = re.compile(rb"^ [0-9a-f]{64} +[0-9]+ ([^\s/]+)$", re.MULTILINE)
#: Bytes that an index may unpack to; unstable's has seventy million.
_UNPACKED = 1 << 29

#: Directory below the mirror to the names in it.
Files = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceIndexes:
    """The source indexes of a Debian mirror; `cache` keeps what was read of them."""

    mirror: str
    transfer: Transfer
    cache: Path
    progress: Progress

    def files(self, directory: str) -> tuple[str, ...]:
        """Give the names of all files in a directory of the pool that a suite has, sorted; empty where none has any.

        Raises `TransferError` where not one index could be read.
        """
        return self._files(directory, _CURRENT) or self._files(directory, _OLD)

    def _files(self, directory: str, suites: Iterable[str]) -> tuple[str, ...]:
        found: set[str] = set()
        failures: list[TransferError] = []
        read = 0
        for suite in suites:
            try:
                found.update(self._suite(suite).get(directory, ()))
                read += 1
            except TransferError as error:
                failures.append(error)
        if failures and not read:
            raise failures[0]
        for failure in failures:
            self.progress.note(f"{self.mirror}: {failure.reason}")
        return tuple(sorted(found))

    def _suite(self, suite: str) -> Files:
        release = self.transfer.small(f"{self.mirror}/dists/{suite}/InRelease").decode("utf-8", "replace")
        named = _SUM.search(release)
        if named is None:
            raise TransferError(f"{suite} names no {_INDEX}", missing=True)
        kept = self.cache / f"{hashlib.sha256(f'{self.mirror} {suite}'.encode()).hexdigest()[:16]}.json"
        # Several lines are looked at side by side, and want the same index.
        with locked(kept.with_suffix(".lock"), what=f"the source index of {suite}"):
            return self._kept(kept, suite, named[1])

    def _kept(self, kept: Path, suite: str, sha256: str) -> Files:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            document = json.loads(kept.read_bytes())
            if document["sha256"] == sha256:
                return {str(path): tuple(map(str, names)) for path, names in document["files"].items()}
        files = self._read(suite, sha256)
        with contextlib.suppress(OSError):  # then it is read again the next time
            write_atomically(kept, json.dumps({"sha256": sha256, "files": files}).encode())
        return files

    def _read(self, suite: str, sha256: str) -> Files:
        below = f"{self.mirror}/dists/{suite}"
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="index-", dir=self.cache) as scratch:
            part = Path(scratch) / "Sources.xz"
            # By its sum first: the plain name may be the index of another moment (of a mirror that is just being updated).
            for address in (f"{below}/main/source/by-hash/SHA256/{sha256}", f"{below}/{_INDEX}"):
                try:
                    self.transfer.to_file(
                        address, part, lambda done, total: self.progress.advance(f"index of {suite}", done, total)
                    )
                except TransferError as error:
                    if not error.refused:
                        raise
                    continue
                if sha256_of(part) == sha256:
                    return read_index(part.read_bytes())
        raise TransferError(f"the source index of {suite} is not the one that its InRelease names")


def read_index(packed: bytes) -> Files:
    """Read, from the bytes of a `Sources.xz`, which files the source packages of Python have. Raises `TransferError` for what is none."""
    try:
        text = lzma.LZMADecompressor().decompress(packed, max_length=_UNPACKED)
    except (lzma.LZMAError, EOFError) as error:
        raise TransferError(f"a source index cannot be unpacked: {error}") from error
    files: dict[str, set[str]] = {}
    for stanza in _PACKAGE.findall(text):
        if (directory := _DIRECTORY.search(stanza)) is not None:
            names = (name.decode("utf-8", "replace") for name in _FILE.findall(stanza))
            files.setdefault(directory[1].decode("utf-8", "replace"), set()).update(names)
    return {path: tuple(sorted(names)) for path, names in files.items()}
