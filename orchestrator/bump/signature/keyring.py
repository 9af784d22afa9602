"""A keyring of this program's own, with one public key in it: the pinned one."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.bump.signature.program import Gpg
from orchestrator.bump.signature.status import PublicKey, Seen, read_keys, read_signatures
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Completed
from orchestrator.system.scratch import scratch, sweep_scratch

#: What temporary homes are called: short, as sockets in them may have a path of a hundred bytes.
HOME = "orchestrator-gpg-"
_SIGNATURE = re.compile(rb"-----BEGIN PGP SIGNATURE-----\r?\n.*?-----END PGP SIGNATURE-----", re.DOTALL)
#: How a signature packet begins, in the old or the new form (RFC 9580, 4.2).
_BINARY = re.compile(rb"[\x88\x89\xc2]")
#: More signatures than a release ever had.
_MOST = 16


@dataclass(kw_only=True, slots=True)
class Keyring:
    """Holds the key `pinned` (40 hex digits, upper case), once some source had it. `home` is a directory of its own."""

    gpg: Gpg
    home: Path
    pinned: str
    key: PublicKey | None = field(default=None, init=False)
    _known: bytes = field(default=b"", init=False)

    def add(self, data: bytes) -> bool:
        """Merge what `data` (armored or binary, any number of keys) has of the pinned key; says whether anything came of it.

        Other keys never come into the ring. A copy without user ids, as some keyservers give, adds to a key that is there.
        """
        trial = self.home / "trial.kbx"
        trial.unlink(missing_ok=True)
        if self.key is not None:
            shutil.copyfile(self._ring, trial)
        # What other people certified of a key does not matter here, and may be thousands of signatures.
        self._run(trial, "--import-options", "self-sigs-only", "--import", stdin=data)
        known = self._run(trial, "--export", self.pinned).stdout
        trial.unlink(missing_ok=True)
        if not known or known == self._known:
            return False
        new = self.home / "new.kbx"
        new.unlink(missing_ok=True)
        self._run(new, "--import", stdin=known)
        keys = read_keys(self._run(new, "--with-colons", "--list-keys").stdout.decode("utf-8", "replace"))
        if [key.primary.fingerprint for key in keys] != [self.pinned]:
            return False  # a key that carries the pinned one as a subkey
        new.replace(self._ring)
        self._known, self.key = known, keys[0]
        return True

    def verify(self, signature: Path, file: Path) -> tuple[Seen, ...]:
        """Check every signature of a detached signature file against a file, in their order; empty where there is none.

        They are armored, any number of them; or the file is binary, as `gpg --detach-sign` makes it without `--armor`.
        """
        found: list[Seen] = []
        data = signature.read_bytes()
        for block in _SIGNATURE.findall(data)[:_MOST] or ([data] if _BINARY.match(data) else []):
            one = self.home / "one.asc"
            one.write_bytes(block + b"\n" if block.startswith(b"-") else block)
            done = self._run(self._ring, "--status-fd", "1", "--verify", str(one), str(file))
            found += read_signatures(done.stdout.decode("utf-8", "replace"))
        return tuple(found)

    @property
    def _ring(self) -> Path:
        return self.home / "pinned.kbx"

    def _run(self, ring: Path, *words: str, stdin: bytes | None = None) -> Completed:
        """Call gpg with one keyring. It says more by what it leaves than by its status, which is bad where one key of many is of an unknown kind."""
        done = self.gpg.run(self.home, "--no-default-keyring", "--keyring", str(ring), *words, stdin=stdin)
        if done.timed_out:
            raise EnvironmentFailedError(
                f"gpg did not end: {done.reason}", mend="run again; 'gpg --version' shows whether it works at all"
            )
        return done


@contextlib.contextmanager
def open_keyring(gpg: Gpg, pinned: str) -> Iterator[Keyring]:
    """Give an empty keyring in a home that only this user can read, removed afterwards; those that killed runs left are removed, too."""
    sweep_scratch(HOME)
    with scratch(HOME) as home:
        home.chmod(0o700)
        yield Keyring(gpg=gpg, home=home, pinned=pinned)
