"""The upstream key in Debian's packaging of a release.

Source: https://wiki.debian.org/debian/watch#Cryptographic_signature_verification
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib

from orchestrator.inputs.transfer import TransferError

_NAMES = ("debian/upstream/signing-key.asc", "debian/upstream/signing-key.pgp")
#: Bytes of a key, members of the archive that are looked at, and bytes that it may unpack to; that of Python has about two million.
_LONGEST, _MEMBERS, _UNPACKED = 8 << 20, 20_000, 64 << 20
#: How archives begin, and what unpacks them.
_PACKED = ((b"\xfd7zXZ\0", lzma.open), (b"\x1f\x8b", gzip.open), (b"BZh", bz2.open))


def signing_key(archive: bytes) -> bytes:
    """Read the upstream key from the bytes of a `.debian.tar.*`; no file is written. Raises `TransferError` where it has none, or is damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(archive)), mode="r:") as packaging:
            for number, member in enumerate(packaging):
                if number >= _MEMBERS:
                    break
                if member.name.removeprefix("./") in _NAMES and member.isreg() and member.size <= _LONGEST:
                    file = packaging.extractfile(member)
                    return file.read() if file is not None else b""
    # Damaged archives raise what the compression's own module raises; headers of headers of headers end in a RecursionError.
    except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError, lzma.LZMAError, zlib.error) as error:
        raise TransferError(f"Debian's packaging cannot be read: {error}") from error
    raise TransferError("Debian's packaging has no upstream key", missing=True)


def _unpacked(archive: bytes) -> bytes:
    """Unpack all of it, within its limit: a header in it may ask for any amount of memory."""
    opener = next((opener for begin, opener in _PACKED if archive.startswith(begin)), None)
    if opener is None:
        raise ValueError("it is packed in no way that is known here")
    with opener(io.BytesIO(archive)) as packed:
        data: bytes = packed.read(_UNPACKED + 1)
    if len(data) > _UNPACKED:
        raise ValueError(f"it has more than {_UNPACKED} bytes")
    return data
