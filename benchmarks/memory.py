"""How much memory the program takes at most: planning 44 cells, and a run of them on an engine that takes no time. What engine and buildx take is theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT

#: What is run: name to module and words.
_RUNS = {
    "plan --json (44 cells)": ("orchestrator", "plan", "--json"),
    "build, prove and tag 44 cells": ("benchmarks.fake_engine", "build"),
}


def measure() -> dict[str, Any]:
    """Measure each; megabytes (10^6 bytes), and those of a bare interpreter of the same run."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        shutil.copy(ROOT / "versions.json", state)
        shutil.copytree(ROOT / "dockerfile-templates", state / "dockerfile-templates")
        bare = _peak([sys.executable, "-c", "pass"], state)
        found = {
            name: _peak([sys.executable, "-m", *words, "--matrix", str(state / "versions.json")], state)
            for name, words in _RUNS.items()
        }
    return {
        "bare_interpreter_megabytes": round(bare, 1),
        "runs": {name: {"megabytes": round(one, 1), "ratio": round(one / bare, 1)} for name, one in found.items()},
    }


def table(results: dict[str, Any]) -> list[str]:
    """Write it as the README shows it."""
    return [
        "| memory of the process at its peak | MB | times a bare interpreter |",
        "|---|---|---|",
        *(f"| `{name}` | {one['megabytes']:.0f} | {one['ratio']:.1f} |" for name, one in results["runs"].items()),
    ]


def _peak(argv: list[str], state: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peak", *argv],
        check=True,
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=300,
    )
    return int(done.stdout) * 1024 / 1e6
