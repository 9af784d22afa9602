"""Keys and signatures by the real gpg, at any time: made in a home of their own, for release sites that tests play."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.bump.signature.program import Gpg, find_gpg
from orchestrator.bump.signature.status import read_keys
from orchestrator.system.places import Places
from orchestrator.system.process import Command, Completed, run
from orchestrator.system.progress import Silent


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Makes keys without passphrases in `home`. Times are when something is said to have happened; None is now."""

    gpg: Gpg
    home: Path

    def key(self, owner: str, *, at: datetime | None = None, expires: datetime | None = None) -> str:
        """Make a key and give its fingerprint."""
        before = self._fingerprints()
        self._run("--quick-gen-key", f"{owner} <{owner}@example.com>", "ed25519", "sign", _stamp(expires), at=at)
        (new,) = self._fingerprints() - before
        return new

    def subkey(self, fingerprint: str, *, at: datetime | None = None, expires: datetime | None = None) -> str:
        """Add a signing subkey and give its fingerprint; from then on gpg signs with that."""
        before = self._subkeys(fingerprint)
        self._run("--quick-add-key", fingerprint, "ed25519", "sign", _stamp(expires), at=at)
        (new,) = self._subkeys(fingerprint) - before
        return new

    def expire(self, fingerprint: str, when: datetime, *, at: datetime) -> None:
        """Have a key expire; a signature may have been made later than that."""
        self._run("--quick-set-expire", fingerprint, _stamp(when), at=at)

    def sign(self, key: str, data: bytes, *, at: datetime | None = None, words: tuple[str, ...] = ()) -> bytes:
        """Give a detached, armored signature."""
        # Of several keys that could sign, exactly the one that was named.
        return self._run("--armor", *words, "--local-user", f"{key}!", "--detach-sign", at=at, stdin=data).stdout

    def public(self, *fingerprints: str) -> bytes:
        """Give public keys, armored."""
        return self._run("--armor", "--export", *fingerprints).stdout

    def revoke(self, fingerprint: str) -> None:
        """Revoke a key with the certificate that was made together with it."""
        text = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
        self._run("--import", stdin=text.replace(":-----BEGIN", "-----BEGIN").encode())

    def _fingerprints(self) -> set[str]:
        listing = self._run("--with-colons", "--list-keys").stdout.decode()
        return {key.primary.fingerprint for key in read_keys(listing)}

    def _subkeys(self, fingerprint: str) -> set[str]:
        listing = self._run("--with-colons", "--list-keys", fingerprint).stdout.decode()
        return {sub.fingerprint for key in read_keys(listing) for sub in key.subkeys}

    def _run(self, *words: str, at: datetime | None = None, stdin: bytes | None = None) -> Completed:
        own = (
            "--homedir",
            str(self.home),
            "--batch",
            "--quiet",
            "--yes",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        )
        agent = ("--agent-program", str(self.gpg.program.with_name("gpg-agent"))) if self.gpg.libraries else ()
        clock = ("--faked-system-time", f"{_stamp(at)}!") if at is not None else ()
        done = run(
            Command(
                argv=(str(self.gpg.program), *own, *agent, *clock, *words),
                environment=self.gpg.environment(os.environ),
                stdin=stdin,
            )
        )
        assert done.ok, done.stderr.decode()
        return done


@contextlib.contextmanager
def signer() -> Iterator[Signer]:
    """Give a signer, whose home and agent are gone afterwards."""
    gpg = find_gpg(Places.from_environment(), Silent())
    # Not below pytest's directory: the agent's socket may have a path of about a hundred bytes.
    with tempfile.TemporaryDirectory(prefix="signer-", dir="/tmp") as home:
        made = Signer(gpg=gpg, home=Path(home))
        try:
            yield made
        finally:
            conf = str(gpg.program.with_name("gpgconf"))
            argv = (conf, "--homedir", home, "--kill", "gpg-agent")
            run(Command(argv=argv, environment=gpg.environment(os.environ)))


def _stamp(when: datetime | None) -> str:
    return "0" if when is None else f"{when:%Y%m%dT%H%M%S}"
