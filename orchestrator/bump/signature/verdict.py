"""Whether what gpg saw is enough: a signature by the pinned key, made while that was valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.bump.model import Signature
from orchestrator.bump.signature.status import PublicKey, Result, Seen

#: Digest algorithms of signatures by number (RFC 9580, 9.5) that nobody can forge today; SHA-1 is told of, what is not named is refused.
_SOUND = frozenset({8, 9, 10, 11, 12, 14})
_SHA1 = 2
_NAMES = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160"}
#: Of a file as it is (RFC 9580, 5.2.1). One of a text (01) does not tell apart ends of lines, and could be taken out of a mail that the release manager
#: signed; every other kind signs something else, like a key.
_OF_A_FILE = "00"
#: An ERRSIG's reason where the key is not in the keyring.
_NO_KEY = "9"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A good signature, or why there is none. `final` means that no fresher copy of the key can change it."""

    signature: Signature | None = None
    reason: str = ""
    final: bool = False


def judge(seen: Sequence[Seen], key: PublicKey, pinned: str) -> Verdict:
    """Judge the signatures of one file. One good one by the pinned key is enough, unless a bad one by it stands beside."""
    verdicts = [_judge(one, key, pinned) for one in seen]
    refused = next((verdict for verdict in verdicts if verdict.final and verdict.signature is None), None)
    if refused is not None:
        return refused
    good = next((verdict for verdict in verdicts if verdict.signature is not None), None)
    if good is not None:
        return good
    return Verdict(reason="; ".join(dict.fromkeys(verdict.reason for verdict in verdicts)))


def _judge(seen: Seen, key: PublicKey, pinned: str) -> Verdict:
    if seen.result is Result.BAD:
        # Only the pinned key is in the keyring, so it is a signature by that.
        return Verdict(
            reason=f"the signature by the key {pinned} is bad: the file is not the one that was signed", final=True
        )
    if seen.result is Result.ERROR:
        return _unchecked(seen, pinned)
    if seen.result is Result.REVOKED_KEY:
        return Verdict(reason=f"it is signed by the key {seen.primary or seen.key}, which has been revoked", final=True)
    if reason := _objection(seen, pinned):
        return Verdict(reason=reason)
    return _dated(seen, key, pinned)


def _objection(seen: Seen, pinned: str) -> str:
    """Say what is wrong with a signature that gpg could check, whenever it was made; empty where nothing is."""
    if seen.primary != pinned:
        return f"it is signed by the key {seen.primary or seen.key}, and the line pins {pinned}"
    if seen.result is Result.EXPIRED:
        return f"the signature by the key {pinned} has expired"
    if seen.kind != _OF_A_FILE:
        return f"the signature by the key {pinned} is not one of a file"
    if seen.digest not in _SOUND and seen.digest != _SHA1:
        return f"the signature by the key {pinned} is made with {_digest(seen)}, which can be forged"
    return ""


def _dated(seen: Seen, key: PublicKey, pinned: str) -> Verdict:
    """Accept a signature, unless its key had expired when it was made."""
    if seen.made is None:
        return Verdict(reason=f"the signature by the key {pinned} does not say when it was made")
    notes = [f"its signature is made with {_digest(seen)}, which is weak"] if seen.digest == _SHA1 else []
    if seen.result is Result.EXPIRED_KEY:
        ends = [one.expires for one in (key.primary, key.part(seen.signer)) if one is not None and one.expires]
        if not ends or seen.made >= min(ends):
            when = f" ({min(ends):%Y-%m-%d})" if ends else ""
            return Verdict(
                reason=f"it was signed on {seen.made:%Y-%m-%d}, after the key {pinned} had expired{when}",
            )
        notes.append(f"the key {pinned} expired on {min(ends):%Y-%m-%d}, after it had signed on {seen.made:%Y-%m-%d}")
    return Verdict(signature=Signature(fingerprint=pinned, made=seen.made, note="; ".join(notes)))


def _unchecked(seen: Seen, pinned: str) -> Verdict:
    if seen.error == _NO_KEY:
        return Verdict(reason=f"it is signed by the key {seen.key}, and the line pins {pinned}")
    if seen.digest in _NAMES:
        return Verdict(reason=f"its signature is made with {_digest(seen)}, which can be forged")
    return Verdict(reason=f"the signature by the key {seen.key} cannot be checked (gpg's reason {seen.error or '?'})")


def _digest(seen: Seen) -> str:
    return _NAMES.get(seen.digest, f"the digest algorithm {seen.digest}")
