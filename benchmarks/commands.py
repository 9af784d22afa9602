"""Start of the command, rendering, planning; each as a whole process, against a bare interpreter of the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 9

#: Name to the words of the command; the bound, in seconds for the whole process, is the project's own promise.
COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "--help": (("--help",), 0.2),
    "list --json": (("list", "--json"), 0.5),
    "render --check (22 images)": (("render", "--check"), 0.5),
    "plan --json (44 cells)": (("plan", "--json"), 1.0),
    "lint": (("lint",), 1.0),
    "diff (nothing changed)": (("diff", "--json"), 1.0),
}

#: A target of make, from its start to its end, with everything there already.
TARGETS: dict[str, float] = {"make describe (render, 9 descriptions, library file)": 1.5}


def measure() -> dict[str, Any]:
    """Measure every command; seconds and ratios by name."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        bare = _median([sys.executable, "-c", "pass"], environment)
        found = {
            name: _median([sys.executable, "-m", "orchestrator", *words], environment)
            for name, (words, _) in COMMANDS.items()
        } | {name: _median(["make", "-s", name.split()[1]], environment) for name in TARGETS}
    bounds = {name: bound for name, (_, bound) in COMMANDS.items()} | TARGETS
    return {
        "bare_interpreter_seconds": round(bare, 4),
        "commands": {
            name: {"seconds": round(seconds, 4), "ratio": round(seconds / bare, 1), "bound_seconds": bounds[name]}
            for name, seconds in found.items()
        },
    }


def table(results: dict[str, Any]) -> list[str]:
    """Write them as the README shows them."""
    return [
        "| command, whole process | seconds | times a bare interpreter | promised |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {one['seconds']:.2f} | {one['ratio']:.1f} | {one['bound_seconds']} |"
            for name, one in results["commands"].items()
        ),
    ]


def _median(argv: list[str], environment: dict[str, str]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(argv, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
