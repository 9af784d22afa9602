"""The upstream key in Debian's packaging of a release.

Source: https://wiki.debian.org/debian/watch#Cryptographic_signature_verification
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib

from orchestrator.inputs.transfer import TransferError

_NAMES = ("debian/upstream/signing-key.asc", "debian/upstream/signing-key.pgp")
#: Bytes of a key, and members of the archive that are looked at.
_LONGEST, _MEMBERS = 8 << 20, 20_000


def signing_key(archive: bytes) -> bytes:
    """Read the upstream key from the bytes of a `.debian.tar.*`; nothing is unpacked. Raises `TransferError` where it has none, or is damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as packaging:
            for number, member in enumerate(packaging):
                if number >= _MEMBERS:
                    break
                if member.name.removeprefix("./") in _NAMES and member.isreg() and member.size <= _LONGEST:
                    file = packaging.extractfile(member)
                    return file.read() if file is not None else b""
    # Damaged archives raise what the compression's own module raises.
    except (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise TransferError(f"Debian's packaging cannot be read: {error}") from error
    raise TransferError("Debian's packaging has no upstream key", missing=True)
