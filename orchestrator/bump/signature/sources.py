"""Where the public key of a line may be had, in the order in which it is asked for."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.bump.places.model import is_web
from orchestrator.bump.places.names import Kind, read_name
from orchestrator.bump.signature.packaging import signing_key
from orchestrator.bump.signature.program import Gpg
from orchestrator.errors import UsageError
from orchestrator.inputs.transfer import Transfer, TransferError

#: Seconds within which one address has to deliver, retries included.
_PATIENCE = 20.0
#: Bytes that a file of keys may have, and Debian's packaging; those of Python have less than one million.
_KEYS, _PACKAGING = 8 << 20, 64 << 20
_ENDINGS = (".asc", ".gpg", ".key", ".pgp", ".txt")
#: How an armored key begins, and a binary one (a public key packet in the old or the new form; RFC 9580, 4.2).
_ARMOR, _BINARY = b"-----BEGIN PGP PUBLIC KEY BLOCK-----", re.compile(rb"[\x98\x99\x9a\xc6]")
_KEYSERVERS = (
    "https://keys.openpgp.org/vks/v1/by-fingerprint/{}",
    "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x{}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySource:
    """One place that may have the key: its name to people, and how to read it. `read` raises `TransferError` or `OSError`."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySources:
    """All places for the key `pinned`.

    `given` are what the user named (files, directories, addresses), `root` the directory of the matrix, `beside` addresses or paths that lie with the
    release, `files` those of an offline run (None: it is none), `site` the release site (empty: none).
    """

    pinned: str
    gpg: Gpg
    transfer: Transfer
    home: Path
    given: Sequence[str] = ()
    root: Path | None = None
    beside: Sequence[str] = ()
    files: Sequence[Path] | None = None
    site: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.monotonic

    def all(self) -> Iterator[KeySource]:
        """Give them in order, each once. Raises `UsageError` for what the user named and is not there."""
        known: set[str] = set()
        for source in self._each():
            if source.name not in known:
                known.add(source.name)
                yield source

    def _each(self) -> Iterator[KeySource]:
        for word in self.given:
            yield from self._given(word)
        yield from self._own_keyring()
        if self.root is not None:
            yield from self._file(self.root / "keys" / f"{self.pinned}.asc")
        yield from self._files(self.files or ())
        for location in self.beside:
            yield self._location(location)
        if self.site:
            host = "://".join(urlsplit(self.site)[:2])
            for address in (f"{self.site}/KEYS", f"{self.site}/pubkeys.txt", f"{host}/static/files/pubkeys.txt"):
                yield self._address(address)
        if self.files is None:
            for server in _KEYSERVERS:
                yield self._address(server.format(self.pinned))

    def _given(self, word: str) -> Iterator[KeySource]:
        if is_web(word):
            if self.files is not None:
                raise UsageError(
                    f"{word} is an address, and --offline uses no network", mend="give --key a file or a directory"
                )
            yield self._location(word)
            return
        path = Path(word).expanduser()
        if path.is_dir():
            yield from self._files(sorted(one for one in path.iterdir() if one.is_file()))
        elif path.is_file():
            yield self._location(str(path))
        else:
            raise UsageError(
                f"there is no file or directory {word}", mend="give --key a file of public keys, or an address"
            )

    def _own_keyring(self) -> Iterator[KeySource]:
        home = Path(self.environment.get("GNUPGHOME") or Path("~/.gnupg").expanduser())
        for ring in (home / "pubring.kbx", home / "pubring.gpg"):
            if ring.is_file():
                yield KeySource(name=f"your keyring {ring}", read=partial(self._exported, ring))

    def _exported(self, ring: Path) -> bytes:
        """Export from a keyring without touching it, nor what lies beside it."""
        words = ("--no-default-keyring", "--lock-never", "--keyring", str(ring), "--export", self.pinned)
        return self.gpg.run(self.home, *words).stdout

    def _file(self, path: Path) -> Iterator[KeySource]:
        if path.is_file():
            yield KeySource(name=str(path), read=lambda: _limited(path, _KEYS))

    def _files(self, paths: Iterable[Path]) -> Iterator[KeySource]:
        for path in paths:
            said = read_name(path.name)
            if said is not None and said.kind is Kind.PACKAGING:
                yield self._location(str(path))
            elif said is None and path.suffix in _ENDINGS and _holds_keys(path):
                yield from self._file(path)

    def _location(self, location: str) -> KeySource:
        said = read_name(location.rpartition("/")[2])
        packaging = said is not None and said.kind is Kind.PACKAGING
        limit = _PACKAGING if packaging else _KEYS

        def read() -> bytes:
            data = self._fetched(location, limit) if is_web(location) else _limited(Path(location), limit)
            return signing_key(data) if packaging else data

        return KeySource(name=location, read=read)

    def _address(self, address: str) -> KeySource:
        return KeySource(name=address, read=lambda: self._fetched(address, _KEYS))

    def _fetched(self, address: str, limit: int) -> bytes:
        end = self.clock() + _PATIENCE
        inner = self.transfer

        def late() -> bool:
            if self.clock() >= end:
                raise TransferError(f"no answer within {_PATIENCE:.0f} s")
            return inner.stop()

        def sleep(seconds: float) -> None:
            if self.clock() + seconds >= end:
                raise TransferError(f"no answer within {_PATIENCE:.0f} s")
            inner.sleep(seconds)

        return Transfer(client=inner.client, sleep=sleep, stop=late).small(address, limit=limit)


def _limited(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes. Raises `OSError`, also for a longer one."""
    if path.stat().st_size > limit:
        raise OSError(f"{path} has more than {limit} bytes")
    return path.read_bytes()


def _holds_keys(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begin = file.read(1 << 20)
    except OSError:
        return False
    return _ARMOR in begin or (path.suffix in {".gpg", ".pgp", ".key"} and bool(_BINARY.match(begin)))
