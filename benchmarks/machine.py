"""Where and with what something was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from orchestrator import __version__
from orchestrator.engine.model import Engine

_GIB = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A machine and the versions on it. What an older record does not know is empty or 0; `load` is the load average before anything was measured.

    `memory_gib` is all of its memory, `emulator` what runs programs for linux/arm64.
    """

    orchestrator: str = ""
    python: str = ""
    kernel: str = ""
    processor: str = ""
    cores: int = 0
    memory_gib: float = 0.0
    load: float = 0.0
    engine: str = ""
    buildx: str = ""
    emulator: str = ""

    @property
    def words(self) -> str:
        """Say it in one line."""
        parts = [
            f"{self.cores} cores" if self.cores else "",
            f"{self.memory_gib:.0f} GiB" if self.memory_gib else "",
            self.processor,
            f"Linux {self.kernel}" if self.kernel else "",
            f"engine {self.engine}" if self.engine else "",
            f"buildx {self.buildx}" if self.buildx else "",
            self.emulator,
        ]
        return ", ".join(part for part in parts if part)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read its JSON form; fields that it does not have are left empty."""
        return cls(**{one.name: document[one.name] for one in fields(cls) if one.name in document})

    def document(self) -> dict[str, Any]:
        """Give its JSON form."""
        return asdict(self)


def this_machine(engine: Engine | None, emulator: str) -> Machine:
    """Look at this machine; `engine` is None, and `emulator` empty, where nothing that is measured needs them."""
    return Machine(
        orchestrator=__version__,
        python=platform.python_version(),
        kernel=platform.release(),
        processor=_processor(Path("/proc/cpuinfo")),
        cores=os.cpu_count() or 0,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB, 1),
        load=round(os.getloadavg()[0], 2),
        engine="" if engine is None else engine.version,
        buildx="" if engine is None else engine.buildx_version,
        emulator=emulator,
    )


def _processor(path: Path) -> str:
    """Read the processor's name. Source: https://man7.org/linux/man-pages/man5/proc_cpuinfo.5.html."""
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
