"""The scheduler: how near to the lower bound it comes, how it grows, and what a run costs where building costs nothing."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT
from orchestrator.schedule.model import Node
from orchestrator.schedule.priorities import best_priority
from orchestrator.schedule.simulation import simulate
from tests.unit.schedule.farms import ARM, machine, matrix

_ARCHITECTURES = tuple(f"linux/a{number}" for number in range(9))
#: Images of the growing matrix, each for nine architectures.
_SIZES = (1000, 10_000)
_BOUNDS = {"ratio": 1.10, "plan_seconds": 5.0, "plan_megabytes": 500.0, "trivial_seconds": 2.0, "nothing_seconds": 1.0}


def measure() -> dict[str, Any]:
    """Measure all of it."""
    return {"ratios": _ratios(), "growth": [_growth(size) for size in _SIZES], "runs": _runs(), "bounds": _BOUNDS}


def table(results: dict[str, Any]) -> list[str]:
    """Write it as the README shows it."""
    lines = [
        "| simulated, 200 random matrices, 1 to 16 slots | median | 95 of 100 | worst | promised |",
        "|---|---|---|---|---|",
    ]
    for name, one in results["ratios"].items():
        lines.append(
            f"| makespan over lower bound, {name} | {one['median']:.3f} | {one['p95']:.3f} | {one['worst']:.3f} | 1.10 (95 of 100) |"
        )
    lines += [
        "",
        "| images for nine architectures each, scheduled to the end | seconds | MB | per cell, microseconds |",
        "|---|---|---|---|",
    ]
    for one in results["growth"]:
        each = one["seconds"] / one["cells"] * 1e6
        lines.append(
            f"| {one['images']:,} ({one['cells']:,} cells) | {one['seconds']:.1f} | {one['megabytes']:.0f} | {each:.0f} |"
        )
    lines += ["", "| whole process, 44 cells on an engine that takes no time | seconds | promised |", "|---|---|---|"]
    runs = results["runs"]
    lines.append(f"| build, prove and tag all of them | {runs['trivial']:.2f} | {_BOUNDS['trivial_seconds']} |")
    lines.append(f"| again, with nothing to do | {runs['nothing']:.2f} | {_BOUNDS['nothing_seconds']} |")
    return lines


def _ratios() -> dict[str, dict[str, float]]:
    found = {}
    for name in ("one machine", "and one that runs arm64 natively"):
        ratios = []
        for seed in range(200):
            rolls = random.Random(seed)  # noqa: S311 - no secret
            tasks, nodes = matrix(seed, rolls.randint(1, 60)), [machine(rolls.randint(1, 16))]
            if name != "one machine":
                nodes.append(machine(rolls.randint(1, 16), name="arm", native=(ARM,), emulated=0))
            ratios.append(simulate(tasks, nodes, priority=best_priority(tasks, nodes)).ratio)
        ratios.sort()
        found[name] = {"median": statistics.median(ratios), "p95": ratios[189], "worst": ratios[-1]}
    return found


def _growth(images: int) -> dict[str, Any]:
    """Schedule a matrix to its end in a process of its own, so that its memory can be told."""
    code = f"from benchmarks.scheduling import once; once({images})"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    return {"images": images, "cells": images * len(_ARCHITECTURES), "seconds": seconds, "megabytes": megabytes}


def once(images: int) -> None:
    """Schedule so many images for nine architectures, and print seconds and megabytes."""
    tasks = matrix(1, images, _ARCHITECTURES)
    node = Node(
        name="one",
        native=frozenset(_ARCHITECTURES[:1]),
        emulated=frozenset(_ARCHITECTURES),
        slots=16,
        emulated_slots=16,
    )
    started = time.perf_counter()
    simulate(tasks, [node])
    seconds = time.perf_counter() - started
    # Not what getrusage says: that counts what the process weighed before it became this program.
    # https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    sys.stdout.write(f"{seconds} {peak}\n")


def _runs() -> dict[str, float]:
    trivial, nothing = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as directory:
            state = Path(directory)
            shutil.copy(ROOT / "versions.json", state)
            shutil.copytree(ROOT / "dockerfile-templates", state / "dockerfile-templates")
            trivial.append(_run(state))
            nothing.append(_run(state))
    return {"trivial": statistics.median(trivial), "nothing": statistics.median(nothing)}


def _run(state: Path) -> float:
    argv = [sys.executable, "-m", "benchmarks.fake_engine", "build", "--matrix", str(state / "versions.json")]
    started = time.perf_counter()
    subprocess.run(
        argv, check=True, cwd=ROOT, env={**os.environ, "XDG_STATE_HOME": str(state)}, capture_output=True, timeout=120
    )
    return time.perf_counter() - started
