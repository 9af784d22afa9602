"""The good images that tests look at, built as a user builds them: in one run, side by side."""

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


def build_all(orchestrator: CommandLine, config: Path, cells: Sequence[str], directory: Path) -> Images:
    """Build cells in one run; its stderr is kept in a file, to be followed while it goes on."""
    err = directory / "err"
    words = ("build", *DEBIAN, "--config", str(config), "--json", *cells)
    with err.open("w") as stderr:
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", *words],
            check=False,
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=dict(orchestrator.environment),
            timeout=_LONGEST,
        )
    assert done.returncode == 0, f"exit {done.returncode}: {err.read_text()[-4000:]}"
    return Images(cells={cell["id"]: cell for cell in json.loads(done.stdout)["cells"]})
