"""What gpg says of signatures (`--status-fd`) and of keys (`--with-colons`).

Sources: https://github.com/gpg/gnupg/blob/master/doc/DETAILS
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Result(StrEnum):
    """How a signature came out, in gpg's words."""

    GOOD = "GOODSIG"
    EXPIRED = "EXPSIG"
    EXPIRED_KEY = "EXPKEYSIG"
    REVOKED_KEY = "REVKEYSIG"
    BAD = "BADSIG"
    ERROR = "ERRSIG"


_RESULTS = frozenset(one.value for one in Result)


@dataclass(kw_only=True, slots=True)
class Seen:
    """One signature, as far as gpg says.

    `key` is the id or fingerprint that gpg names its key by; `signer` and `primary` are fingerprints of the keys that made it, empty where it could
    not be checked; `digest` is the number of the digest algorithm (RFC 9580, 9.5), 0 where gpg does not say it; `kind` the signature's type in two
    hex digits (RFC 9580, 5.2.1); `error` what an ERRSIG gives as its reason.
    """

    result: Result | None = None
    key: str = ""
    signer: str = ""
    primary: str = ""
    made: datetime | None = None
    digest: int = 0
    kind: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A primary key or a subkey: its fingerprint, when it expires (None: never), whether it is revoked."""

    fingerprint: str
    expires: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A public key as a keyring has it."""

    primary: Key
    subkeys: tuple[Key, ...] = ()
    owner: str = ""

    def part(self, fingerprint: str) -> Key | None:
        """Give the primary key or subkey that has a fingerprint."""
        return next((key for key in (self.primary, *self.subkeys) if key.fingerprint == fingerprint), None)


def read_signatures(status: str) -> tuple[Seen, ...]:
    """Read the signatures of one `--verify`; empty where a message was no detached signature."""
    found: list[Seen] = []
    for word, values in _lines(status):
        if word == "PLAINTEXT":
            return ()  # it brought data of its own: what was checked is not the file
        if word == "NEWSIG":
            found.append(Seen())
        elif word in _RESULTS:
            if not found or found[-1].result is not None:
                found.append(Seen())
            seen = found[-1]
            seen.result, seen.key = Result(word), values[0] if values else ""
            if seen.result is Result.ERROR:
                _read_error(seen, values)
        elif word == "VALIDSIG" and found and len(values) >= 10:
            seen = found[-1]
            seen.signer, seen.primary, seen.made = values[0], values[9], _date(values[2])
            seen.digest, seen.kind = _number(values[7]), values[8]
    return tuple(seen for seen in found if seen.result is not None)


def read_keys(listing: str) -> tuple[PublicKey, ...]:
    """Read the keys of a `--list-keys --with-colons`."""
    found: list[_Listed] = []
    for line in listing.split("\n"):
        fields = [*line.split(":"), *[""] * 10]
        if fields[0] == "pub":
            found.append(_Listed())
        if not found:
            continue
        if fields[0] in {"pub", "sub"}:
            found[-1].pending = (_date(fields[6]), fields[1] == "r")
        elif fields[0] == "fpr" and found[-1].pending is not None:
            expires, revoked = found[-1].pending
            found[-1].keys.append(Key(fingerprint=fields[9], expires=expires, revoked=revoked))
            found[-1].pending = None
        elif fields[0] == "uid" and not found[-1].owner:
            found[-1].owner = fields[9].replace("\\x3a", ":")
    return tuple(
        PublicKey(primary=one.keys[0], subkeys=tuple(one.keys[1:]), owner=one.owner) for one in found if one.keys
    )


@dataclass(kw_only=True, slots=True)
class _Listed:
    keys: list[Key] = field(default_factory=list)
    pending: tuple[datetime | None, bool] | None = None
    owner: str = ""


def _lines(status: str) -> Iterator[tuple[str, list[str]]]:
    # Not `splitlines`: a user id may hold what counts as the end of a line there, and gpg only writes another for "\n".
    for line in status.split("\n"):
        prefix, _, rest = line.partition(" ")
        if prefix == "[GNUPG:]" and rest:
            word, *values = rest.split()
            yield word, values


def _read_error(seen: Seen, values: Sequence[str]) -> None:
    if len(values) >= 6:
        seen.digest, seen.made, seen.error = _number(values[2]), _date(values[4]), values[5]
    if len(values) >= 7 and values[6] != "-":
        seen.key = values[6]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _date(text: str) -> datetime | None:
    """Seconds since the epoch, or the form that gpg's documentation keeps in reserve (20260702T122229)."""
    try:
        if "T" in text:
            return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return datetime.fromtimestamp(int(text), UTC) if int(text) > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
