"""The kernels' view of an executable: who is to run which ELF file, and the smallest program of each architecture.

Source of the machine numbers: the System V ABI's `e_machine` registry (elf.h); of the system call numbers: each architecture's syscall table.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

#: The exit status of `Machine.probe`: nothing fails with it by chance.
PROBE_STATUS = 42


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """An architecture that Linux runs, as its ELF files declare it.

    `architecture` is the OCI name, `qemu` the suffix of QEMU's user-mode emulator; `code` ends the process with status 42.
    """

    architecture: str
    qemu: str
    bits: int
    little: bool
    number: int
    code: bytes
    flags: int = 0

    @property
    def magic(self) -> bytes:
        """The first 20 bytes of an executable: identification, type, machine."""
        ident = b"\x7fELF" + bytes([self.bits // 32, 1 if self.little else 2, 1]) + bytes(9)
        return ident + struct.pack(f"{self._order}HH", 2, self.number)

    @property
    def mask(self) -> bytes:
        """Which bits of `magic` count: any OS ABI, and both fixed (2) and position independent (3) executables."""
        return b"\xff" * 7 + b"\x00" + b"\xff" * 8 + struct.pack(f"{self._order}HH", 0xFFFE, 0xFFFF)

    @property
    def probe(self) -> bytes:
        """A whole static executable that ends with `PROBE_STATUS`, to see whether this kernel runs the architecture."""
        base = 0x10000
        wide = self.bits == 64
        header, segment = (64, 56) if wide else (52, 32)
        entry = base + header + segment
        size = header + segment + len(self.code)
        head = self.magic + struct.pack(
            f"{self._order}I{'QQQ' if wide else 'III'}IHHHHHH",
            1,
            entry,
            header,
            0,
            self.flags,
            header,
            segment,
            1,
            0,
            0,
            0,
        )
        # The two classes order the fields of a program header differently; load, readable and executable, aligned to 64 KiB pages.
        load = (
            struct.pack(f"{self._order}IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x10000)
            if wide
            else struct.pack(f"{self._order}IIIIIIII", 1, 0, base, base, size, size, 5, 0x10000)
        )
        return head + load + self.code

    @property
    def _order(self) -> str:
        return "<" if self.little else ">"


def _words(order: str, *words: int) -> bytes:
    return struct.pack(f"{order}{len(words)}I", *words)


MACHINES: tuple[Machine, ...] = (
    Machine(
        architecture="amd64",
        qemu="x86_64",
        bits=64,
        little=True,
        number=62,
        code=bytes.fromhex("b83c000000 bf2a000000 0f05"),  # mov eax,60; mov edi,42; syscall
    ),
    Machine(
        architecture="386",
        qemu="i386",
        bits=32,
        little=True,
        number=3,
        code=bytes.fromhex("b801000000 bb2a000000 cd80"),  # mov eax,1; mov ebx,42; int 0x80
    ),
    Machine(
        architecture="arm64",
        qemu="aarch64",
        bits=64,
        little=True,
        number=183,
        code=_words("<", 0xD2800540, 0xD2800BA8, 0xD4000001),  # mov x0,#42; mov x8,#93; svc #0
    ),
    Machine(
        architecture="arm",
        qemu="arm",
        bits=32,
        little=True,
        number=40,
        code=_words("<", 0xE3A0002A, 0xE3A07001, 0xEF000000),  # mov r0,#42; mov r7,#1; svc #0
        flags=0x05000000,  # EABI version 5
    ),
    Machine(
        architecture="ppc64le",
        qemu="ppc64le",
        bits=64,
        little=True,
        number=21,
        code=_words("<", 0x38000001, 0x3860002A, 0x44000002),  # li r0,1; li r3,42; sc
        flags=2,  # ELF version 2 ABI
    ),
    Machine(
        architecture="s390x",
        qemu="s390x",
        bits=64,
        little=False,
        number=22,
        code=bytes.fromhex("a729002a 0a01"),  # lghi %r2,42; svc 1
    ),
    Machine(
        architecture="riscv64",
        qemu="riscv64",
        bits=64,
        little=True,
        number=243,
        code=_words("<", 0x02A00513, 0x05D00893, 0x00000073),  # li a0,42; li a7,93; ecall
    ),
)

#: What each architecture's CPUs run without an emulator, besides itself. (64-bit Arm CPUs without 32-bit mode are common: probed instead.)
RUNS_TOO = {"amd64": ("386",)}


def machine_of(architecture: str) -> Machine | None:
    """Look up an OCI architecture name; None for one that this program has no data for."""
    return next((machine for machine in MACHINES if machine.architecture == architecture), None)
