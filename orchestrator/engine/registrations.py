"""The kernel's table of emulators, binfmt_misc, as it is.

Source: https://docs.kernel.org/admin-guide/binfmt-misc.html
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.engine.elf import PROBE_STATUS, Machine
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Command, Runner, run
from orchestrator.system.scratch import PROBE, scratch

_CONTROL_FILES = {"register", "status"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """One entry of the table: files that begin with `magic` (where `mask` has ones, from `offset`) are run by `interpreter`."""

    name: str
    interpreter: str
    flags: str
    magic: bytes
    mask: bytes
    offset: int = 0
    enabled: bool = True

    def runs(self, machine: Machine) -> bool:
        """Whether the kernel hands this machine's executables to it."""
        head = machine.probe[self.offset : self.offset + len(self.magic)]
        fits = len(head) == len(self.magic) and all(
            (one ^ other) & bits == 0 for one, other, bits in zip(head, self.magic, self.mask, strict=True)
        )
        return self.enabled and fits

    @property
    def fixed(self) -> bool:
        """Flag F: the kernel keeps the interpreter open, so that it is found from inside every container."""
        return "F" in self.flags

    @property
    def line(self) -> bytes:
        """What the kernel's `register` file takes."""
        delimiter = next(sign for sign in ":|;,!" if sign not in self.name + self.interpreter)
        parts = (
            self.name,
            "M",
            str(self.offset),
            _escaped(self.magic),
            _escaped(self.mask),
            self.interpreter,
            self.flags,
        )
        return (delimiter + delimiter.join(parts)).encode()


class Table(Protocol):
    """The seam to the kernel's table."""

    def mounted(self) -> bool:
        """Whether the table can be read."""

    def mount(self) -> None:
        """Make it readable. Raises `EnvironmentFailedError`."""

    def unmount(self) -> None:
        """Hide it again, if nobody objects."""

    def entries(self) -> list[Registration]:
        """All entries by name; none when it is not mounted."""

    def add(self, registration: Registration) -> None:
        """Register. Raises `EnvironmentFailedError`."""

    def remove(self, name: str) -> None:
        """Take an entry away, if it is there."""

    def executes(self, machine: Machine) -> bool:
        """Try it: whether this kernel runs a program of this machine right now, natively or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelTable:
    """The real one."""

    directory: Path = Path("/proc/sys/fs/binfmt_misc")
    runner: Runner = run

    def mounted(self) -> bool:
        """Whether the table can be read."""
        return (self.directory / "register").exists()

    def mount(self) -> None:
        """Make it readable. Raises `EnvironmentFailedError`."""
        done = self.runner(Command(argv=("mount", "-t", "binfmt_misc", "binfmt_misc", str(self.directory))))
        if not done.ok:
            raise EnvironmentFailedError(
                f"the kernel's table of emulators cannot be mounted: {done.reason}",
                mend="as root: modprobe binfmt_misc (in a container: run with --privileged)",
            )

    def unmount(self) -> None:
        """Hide it again, if nobody objects."""
        self.runner(Command(argv=("umount", str(self.directory))))

    def entries(self) -> list[Registration]:
        """All entries by name; none when it is not mounted."""
        if not self.mounted():
            return []
        found = []
        for file in sorted(self.directory.iterdir()):
            if file.name not in _CONTROL_FILES:
                with contextlib.suppress(OSError):  # removed by somebody meanwhile
                    parsed = parse(file.name, file.read_text(encoding="utf-8", errors="surrogateescape"))
                    if parsed is not None:
                        found.append(parsed)
        return found

    def add(self, registration: Registration) -> None:
        """Register. Raises `EnvironmentFailedError`."""
        try:
            (self.directory / "register").write_bytes(registration.line)
        except OSError as error:
            raise EnvironmentFailedError(
                f"the kernel does not register {registration.interpreter} as {registration.name}: {error.strerror}",
                mend="run as root on the host (in a container: with --privileged)",
            ) from error

    def remove(self, name: str) -> None:
        """Take an entry away, if it is there."""
        with contextlib.suppress(FileNotFoundError), (self.directory / name).open("r+b") as entry:
            entry.write(b"-1")

    def executes(self, machine: Machine) -> bool:
        """Try it: whether this kernel runs a program of this machine right now, natively or not."""
        for parent in (None, Path("/var/tmp")):  # noqa: S108 - the second is for hosts that forbid execution in the first
            with scratch(PROBE, parent) as directory:
                program = directory / machine.architecture
                program.write_bytes(machine.probe)
                program.chmod(0o755)
                with contextlib.suppress(EnvironmentFailedError):  # 'Exec format error' is the kernel's no
                    if self.runner(Command(argv=(str(program),), timeout=20.0)).status == PROBE_STATUS:
                        return True
        return False


def parse(name: str, text: str) -> Registration | None:
    """Read one entry as the kernel prints it; None for one that goes by file extension instead of magic."""
    lines = text.splitlines()
    fields = dict(line.replace(":", "", 1).split(" ", 1) for line in lines if " " in line)
    if "magic" not in fields or "interpreter" not in fields:
        return None
    magic = bytes.fromhex(fields["magic"])
    return Registration(
        name=name,
        interpreter=fields["interpreter"],
        flags=fields.get("flags", "").strip(),
        magic=magic,
        mask=bytes.fromhex(fields["mask"]) if "mask" in fields else b"\xff" * len(magic),
        offset=int(fields.get("offset", "0")),
        enabled="enabled" in lines,
    )


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)
