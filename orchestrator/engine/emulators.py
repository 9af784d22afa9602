"""Which QEMU runs foreign programs on this kernel, and registering ours where none works.

What is registered and works is respected, whoever made it. What we change is written down first, so that it can be undone by any later process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engine.elf import MACHINES, Machine
from orchestrator.engine.packages import Tree
from orchestrator.engine.registrations import Registration, Table
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.files import sha256_of, write_atomically
from orchestrator.system.process import Command, Runner, run
from orchestrator.system.progress import Progress

#: What stands for a QEMU whose program cannot be reached (flag F keeps it open, even out of another mount namespace).
UNKNOWN = "unknown"
#: F: found from every container. P: the program sees the argv[0] it was called with. Not C, which only matters for setuid programs.
_FLAGS = "PF"
_NOTHING: Mapping[str, Any] = {"mounted": False, "names": [], "replaced": [], "trees": []}
_VERSION = re.compile(r"version (\d+(?:\.\d+)+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulator:
    """What runs a foreign architecture (OCI name). `version` is QEMU's, or `unknown`; `sha256` (hex) is empty where the file is out of reach."""

    architecture: str
    interpreter: Path
    version: str
    flags: str
    sha256: str

    def __str__(self) -> str:
        return f"QEMU {self.version}"

    @property
    def major(self) -> int | None:
        """The first number of the version; None when it is unknown."""
        return int(self.version.split(".", 1)[0]) if self.version[:1].isdigit() else None


def describe(machine: Machine, entry: Registration, *, runner: Runner = run) -> Emulator:
    """Ask the registered program for its version, and hash it."""
    path = Path(entry.interpreter)
    version, digest = UNKNOWN, ""
    if path.is_file():
        asked = runner(Command(argv=(str(path), "--version"), timeout=20.0))
        match = _VERSION.search(asked.text) if asked.ok else None
        version = match[1] if match else UNKNOWN
        digest = sha256_of(path)
    return Emulator(
        architecture=machine.architecture, interpreter=path, version=version, flags=entry.flags, sha256=digest
    )


def register(
    machines: Iterable[Machine], *, tree: Tree, memory: Path, table: Table, progress: Progress
) -> list[Machine]:
    """Register the tree's QEMU for every machine that this kernel does not run yet; returns those that still do not run.

    Call with the engine's lock held. A registration that works but lacks F, or is broken, is replaced (and put back by `unregister`).
    """
    if not table.mounted():
        _remember(memory, mounted=True)
        table.mount()
    failed = []
    for machine in machines:
        present = [entry for entry in table.entries() if entry.runs(machine)]
        runs = table.executes(machine)
        if runs and (not present or any(entry.fixed for entry in present)):
            continue  # natively, or by somebody's working emulator
        name = f"qemu-{machine.qemu}"
        present.extend(entry for entry in table.entries() if entry.name == name and entry not in present)
        for entry in present:
            why = "does not work" if not runs else "lacks flag F, so containers would not find it"
            progress.warn(f"replacing the emulator {entry.interpreter} for {machine.architecture}: it {why}")
        _remember(memory, names=[name], replaced=[entry for entry in present if not _is_ours(entry, tree)])
        for entry in present:
            table.remove(entry.name)
        program = tree.qemu(machine.qemu)
        table.add(
            Registration(name=name, interpreter=str(program), flags=_FLAGS, magic=machine.magic, mask=machine.mask)
        )
        if not table.executes(machine):
            table.remove(name)
            failed.append(machine)
    return failed


def unregister(*, trees: Path, memory: Path, table: Table) -> list[str]:
    """Undo what `register` did, as far as it is still there; returns the names of the entries removed."""
    document = _memory(memory)
    if not document:
        return []
    present = {entry.name: entry for entry in table.entries()}
    owned = [trees, *map(Path, document["trees"])]
    removed = []
    for name in document["names"]:
        if name in present and any(Path(present[name].interpreter).is_relative_to(tree) for tree in owned):
            table.remove(name)
            removed.append(name)
    for saved in document["replaced"]:
        entry = Registration(**{**saved, "magic": bytes.fromhex(saved["magic"]), "mask": bytes.fromhex(saved["mask"])})
        taken = {found.name for found in table.entries()}
        if entry.name not in taken and Path(entry.interpreter).is_file():
            table.add(entry)
    if document["mounted"] and not table.entries():
        table.unmount()
    memory.unlink(missing_ok=True)
    return removed


def hand_over(*, trees: Path, memory: Path, to: Path) -> None:
    """Leave our registrations to another embedded engine, which is still at work under them: its own `unregister` undoes them all."""
    mine = _memory(memory)
    if not mine:
        return
    theirs = _memory(to) or dict(_NOTHING)
    merged = {
        "mounted": mine["mounted"] or theirs["mounted"],
        "names": sorted({*mine["names"], *theirs["names"]}),
        "replaced": [*theirs["replaced"], *mine["replaced"]],
        "trees": sorted({str(trees), *mine["trees"], *theirs["trees"]}),
    }
    write_atomically(to, json.dumps(merged, indent=1).encode())
    memory.unlink()


def require(failed: Iterable[Machine], wanted: Iterable[str]) -> None:
    """Raise `EnvironmentFailedError` when a wanted architecture is among those that do not run."""
    broken = sorted({machine.architecture for machine in failed} & set(wanted))
    if broken:
        raise EnvironmentFailedError(
            f"the kernel does not run {', '.join(broken)} even with QEMU registered",
            mend="run 'orchestrator doctor'; kernels before 4.8 lack flag F of binfmt_misc",
        )


def foreign(native: str) -> list[Machine]:
    """Every machine that this program knows, except the native one."""
    return [machine for machine in MACHINES if machine.architecture != native]


def _is_ours(entry: Registration, tree: Tree) -> bool:
    return Path(entry.interpreter).is_relative_to(tree.path.parent)


def _memory(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {**_NOTHING, **document} if isinstance(document, dict) else {}


def _remember(
    path: Path, *, mounted: bool = False, names: Iterable[str] = (), replaced: Iterable[Registration] = ()
) -> None:
    old = _memory(path) or dict(_NOTHING)
    saved = [
        {
            "name": entry.name,
            "interpreter": entry.interpreter,
            "flags": entry.flags,
            "magic": entry.magic.hex(),
            "mask": entry.mask.hex(),
            "offset": entry.offset,
        }
        for entry in replaced
    ]
    document = {
        "mounted": mounted or old["mounted"],
        "names": sorted({*old["names"], *names}),
        "replaced": [*old["replaced"], *saved],
        "trees": old["trees"],
    }
    write_atomically(path, json.dumps(document, indent=1).encode())
