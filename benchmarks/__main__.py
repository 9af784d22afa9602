"""`make bench`: start of the command, rendering, planning; each against a bare interpreter of the same run.

Writes `benchmarks/results.json` with machine, versions and date, and prints the table that the README shows.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from orchestrator import __version__

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 9

#: Name to the words of the command; the bound, in seconds for the whole process, is the project's own promise.
COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "--help": (("--help",), 0.2),
    "list --json": (("list", "--json"), 0.5),
    "render --check (22 images)": (("render", "--check"), 0.5),
    "plan --json (44 cells)": (("plan", "--json"), 1.0),
}


def measure(argv: list[str], environment: dict[str, str]) -> float:
    """Run a process several times; median seconds of the whole process."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run(argv, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    """Measure, write, print."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "XDG_STATE_HOME": state}
        bare = measure([sys.executable, "-c", "pass"], environment)
        found = {
            name: measure([sys.executable, "-m", "orchestrator", *words], environment)
            for name, (words, _) in COMMANDS.items()
        }
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "orchestrator": __version__,
        "python": platform.python_version(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "bare_interpreter_seconds": round(bare, 4),
        "commands": {
            name: {"seconds": round(seconds, 4), "ratio": round(seconds / bare, 1), "bound_seconds": COMMANDS[name][1]}
            for name, seconds in found.items()
        },
    }
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    lines = [
        "| command, whole process | seconds | times a bare interpreter | promised |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {seconds:.2f} | {seconds / bare:.1f} | {COMMANDS[name][1]} |"
            for name, seconds in found.items()
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
