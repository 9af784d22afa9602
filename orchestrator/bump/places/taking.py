"""A release's tarball brought here, shown to somebody who verifies it, and only then put into the store."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.bump.model import Signature
from orchestrator.bump.places.model import Release, is_web
from orchestrator.errors import EnvironmentFailedError, VerificationError
from orchestrator.inputs.model import StoredInput
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import Transfer, discard_part
from orchestrator.system.files import sha256_of, write_atomically
from orchestrator.system.progress import Progress

#: Bytes of a signature file; a signature has less than one thousand.
_SIGNATURE = 1 << 20

#: Gives the good signature of a file, or raises.
Check = Callable[[Path], Signature]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taker:
    """Takes tarballs into `store`. `memory` is a directory that keeps which tarball came from where, so that none is fetched twice."""

    store: Store
    transfer: Transfer
    progress: Progress
    memory: Path

    def signature(self, release: Release) -> bytes:
        """Read the signature file. Raises `TransferError`, `OSError`."""
        if is_web(release.signature):
            return self.transfer.small(release.signature, limit=_SIGNATURE)
        path = Path(release.signature)
        if path.stat().st_size > _SIGNATURE:
            raise OSError(f"{path} has more than {_SIGNATURE} bytes")
        return path.read_bytes()

    def take(self, release: Release, check: Check) -> tuple[StoredInput, Signature]:
        """Bring the tarball here and have it checked; it lies in the store under upstream's name when `check` did not raise.

        Raises what `check` does, `TransferError`, and `EnvironmentFailedError` where nothing can be written.
        """
        file = f"Python-{release.release}.{release.format}"
        key = hashlib.sha256(os.fsencode(release.tarball)).hexdigest()
        with self._writable(file), self.store.lock(key, what=file):
            known = self._known(key, file)
            if known is not None:
                # What is signed may have been replaced since: then the new file is fetched.
                with contextlib.suppress(VerificationError):
                    return self._stored(known), check(known)
            if not is_web(release.tarball):
                with self.store.scratch() as scratch:
                    copy = scratch / file
                    shutil.copyfile(release.tarball, copy)
                    return self._adopted(copy, key, file, check(copy))
            return self._fetched(release.tarball, key, file, check)

    def _fetched(self, address: str, key: str, file: str, check: Check) -> tuple[StoredInput, Signature]:
        part = self.store.part(key)
        self.progress.note(f"fetching {file} from {address}")
        resumed = self._download(address, part, file)
        try:
            try:
                signature = check(part)
            except VerificationError:
                if not resumed:
                    raise
                # Put together from two answers, and the file may have changed between them: only a file from one answer tells.
                discard_part(part)
                self._download(address, part, file)
                signature = check(part)
        except VerificationError:
            discard_part(part)
            raise
        taken = self._adopted(part, key, file, signature)
        discard_part(part)
        return taken

    def _download(self, address: str, part: Path, file: str) -> bool:
        return self.transfer.to_file(address, part, lambda done, total: self.progress.advance(file, done, total))

    def _adopted(self, path: Path, key: str, file: str, signature: Signature) -> tuple[StoredInput, Signature]:
        digest = sha256_of(path)
        with self.store.lock(digest, what=file):
            stored = self.store.find(digest, file) or self.store.adopt(path, digest, file)
        with contextlib.suppress(OSError):  # then it is fetched again the next time
            write_atomically(self.memory / key, digest.encode())
        return self._stored(stored), signature

    def _known(self, key: str, file: str) -> Path | None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            digest = (self.memory / key).read_text(encoding="ascii")
            if re.fullmatch(r"[0-9a-f]{64}", digest):
                return self.store.find(digest, file)
        return None

    @staticmethod
    def _stored(path: Path) -> StoredInput:
        return StoredInput(directory=path.parent, digest=f"sha256:{path.parent.name}", files=(path.name,))

    @contextlib.contextmanager
    def _writable(self, file: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EnvironmentFailedError(
                f"{file} cannot be brought to {self.store.root}: {error.strerror or error}",
                mend="free some space, or set XDG_CACHE_HOME to a place that has some, and run again: it goes on where it was",
            ) from error
