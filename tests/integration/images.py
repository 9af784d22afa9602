"""The good images that tests look at, built as a user builds them; the emulated ones side by side, as they take long on a cold machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.command_line import ROOT, CommandLine

MATRIX = ROOT / "examples" / "debian" / "versions.json"
DEBIAN = ("--matrix", "examples/debian/versions.json")
NATIVE = ("3.9-slim-bullseye-amd64", "2.7-slim-bullseye-amd64")
EMULATED = ("3.9-slim-bullseye-arm64v8", "2.7-slim-bullseye-arm64v8")

#: Seconds for the emulated builds of a cold machine together.
_LONGEST = 5000


@dataclass(frozen=True, kw_only=True)
class Images:
    """What `build --json` said of each cell, by id."""

    cells: dict[str, Any]

    @property
    def ok(self) -> bool:
        """True when all are built and proven."""
        return all(cell["ok"] for cell in self.cells.values())


def build_all(orchestrator: CommandLine, config: Path, groups: Sequence[Sequence[str]], directory: Path) -> Images:
    """Build groups of cells, each group by a process of its own, at the same time."""
    running = []
    for number, cells in enumerate(groups):
        out, err = (directory / f"{number}.{name}" for name in ("out", "err"))
        with out.open("w") as stdout, err.open("w") as stderr:
            words = ("build", *DEBIAN, "--config", str(config), "--json", *cells)
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator", *words],
                stdout=stdout,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=dict(orchestrator.environment),
            )
        running.append((process, out, err))
    found: dict[str, Any] = {}
    try:
        for process, out, err in running:
            code = process.wait(timeout=_LONGEST)
            assert code == 0, f"exit {code}: {err.read_text()[-4000:]}"
            found |= {cell["id"]: cell for cell in json.loads(out.read_text())["cells"]}
    finally:
        for process, _, _ in running:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)
    return Images(cells=found)
