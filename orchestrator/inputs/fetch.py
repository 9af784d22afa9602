"""A verified file in the store, wherever its bytes come from."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError, UnreachableError, VerificationError
from orchestrator.inputs.model import StoredInput, Wanted
from orchestrator.inputs.store import Store
from orchestrator.inputs.transfer import Transfer, TransferError, discard_part
from orchestrator.system.files import sha256_of
from orchestrator.system.progress import Progress


def fetch(
    wanted: Wanted, *, store: Store, transfer: Transfer, progress: Progress, directories: Sequence[Path] = ()
) -> StoredInput:
    """Return a file from the store; else from one of the user's `directories`; else from the first address that delivers it.

    Raises `VerificationError` for wrong bytes (never tried again), `UnreachableError` when nobody delivers.
    """

    def waiting() -> None:
        progress.note(f"{wanted.file}: it is being fetched already; waiting")

    # What is there is there for good: nobody waits for it.
    if (stored := store.find(wanted.sha256, wanted.file)) is not None:
        return StoredInput(directory=stored.parent, digest=f"sha256:{wanted.sha256}", files=(wanted.file,))
    with store.lock(wanted.sha256, what=wanted.file, on_wait=waiting):
        path = store.find(wanted.sha256, wanted.file)
        if path is None:
            path = _from_directories(wanted, store, directories) or _from_addresses(wanted, store, transfer, progress)
    return StoredInput(directory=path.parent, digest=f"sha256:{wanted.sha256}", files=(wanted.file,))


def check(file: str, *, origin: str, expected: str, got: str) -> None:
    """Raise `VerificationError` unless both sha256 are the same."""
    if got != expected:
        raise VerificationError(
            f"{file} from {origin} is not the file that is wanted: its sha256 is {got}, expected {expected}",
            mend="if the checksum in the matrix is right, do not use this file: somebody or something changed it on its way",
        )


def _from_directories(wanted: Wanted, store: Store, directories: Sequence[Path]) -> Path | None:
    for directory in directories:
        given = directory / wanted.file
        if given.is_file():
            with store.scratch() as scratch:
                copy = scratch / wanted.file
                shutil.copyfile(given, copy)
                check(wanted.file, origin=str(given), expected=wanted.sha256, got=sha256_of(copy))
                return store.adopt(copy, wanted.sha256, wanted.file)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    address: str
    error: TransferError


def _from_addresses(wanted: Wanted, store: Store, transfer: Transfer, progress: Progress) -> Path:
    part = store.part(wanted.sha256)
    failures: list[_Failure] = []
    for address in wanted.addresses:
        progress.note(f"fetching {wanted.file} from {address}")
        try:
            _download(wanted, address, part, transfer, progress)
        except TransferError as error:
            failures.append(_Failure(address=address, error=error))
            continue
        except OSError as error:
            raise EnvironmentFailedError(
                f"{wanted.file} cannot be written to {part.parent}: {error.strerror}",
                mend="free some space, or set XDG_CACHE_HOME to a place that has some, and run again: it goes on where it was",
            ) from error
        finished = store.adopt(part, wanted.sha256, wanted.file)
        discard_part(part)
        return finished
    raise _nobody_delivers(wanted, failures)


def _download(wanted: Wanted, address: str, part: Path, transfer: Transfer, progress: Progress) -> None:
    def advance(done: int, total: int | None) -> None:
        progress.advance(wanted.file, done, total)

    resumed = transfer.to_file(address, part, advance)
    got = sha256_of(part)
    if got != wanted.sha256 and resumed:
        # Put together from two answers, and the file may have changed between them: only a file from one answer tells.
        discard_part(part)
        transfer.to_file(address, part, advance)
        got = sha256_of(part)
    if got != wanted.sha256:
        discard_part(part)
    check(wanted.file, origin=address, expected=wanted.sha256, got=got)


def _nobody_delivers(wanted: Wanted, failures: Sequence[_Failure]) -> UnreachableError:
    tried = "".join(f"\n  {failure.address}: {failure.error.reason}" for failure in failures)
    by_hand = f"put {wanted.file} (sha256 {wanted.sha256}) into a directory and name it as 'inputs' in the config"
    if failures and all(failure.error.missing for failure in failures):
        return UnreachableError(
            f"{wanted.what}: nobody has {wanted.file}; asked for{tried}",
            mend="check the release and its address in the matrix (releases that are no longer kept move to the project's archive, "
            f"a pool file to the snapshot archive); or {by_hand}",
        )
    return UnreachableError(
        f"{wanted.what}: {wanted.file} could not be fetched; tried{tried}",
        mend=f"check the network and the proxy (https_proxy, SSL_CERT_FILE) and run again; or {by_hand}",
    )
