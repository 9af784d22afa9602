"""The header of an ELF file: which CPU its code is for.

Source: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html and the machine numbers in <elf.h>.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from orchestrator.matrix.model import Platform


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfHeader:
    """`bits` is 32 or 64, `order` "little" or "big", `machine` the EM_ number."""

    bits: int
    order: str
    machine: int

    def __str__(self) -> str:
        return f"{_NAMES.get(self.machine, f'machine {self.machine}')} {self.bits}-bit {self.order}-endian"


_NAMES = {
    3: "x86",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC64",
    22: "S/390",
    40: "ARM",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
}

#: The header that programs of an architecture have, by the architecture part of its platform.
EXPECTED = {
    "amd64": ElfHeader(bits=64, order="little", machine=62),
    "arm64": ElfHeader(bits=64, order="little", machine=183),
    "arm": ElfHeader(bits=32, order="little", machine=40),
    "386": ElfHeader(bits=32, order="little", machine=3),
    "ppc64le": ElfHeader(bits=64, order="little", machine=21),
    "s390x": ElfHeader(bits=64, order="big", machine=22),
}


def read_header(data: bytes) -> ElfHeader | None:
    """Read the first 20 bytes of a file; None where it is not an ELF file."""
    if len(data) < 20 or data[:4] != b"\x7fELF" or data[4] not in {1, 2} or data[5] not in {1, 2}:
        return None
    order = "little" if data[5] == 1 else "big"
    (machine,) = struct.unpack_from("<H" if order == "little" else ">H", data, 18)
    return ElfHeader(bits=32 * data[4], order=order, machine=machine)


def expected_header(platform: Platform) -> ElfHeader | None:
    """The header that programs of a platform have; None for an architecture that nobody has told us of."""
    return EXPECTED.get(platform.architecture)
