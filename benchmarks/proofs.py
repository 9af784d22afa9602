"""All proofs of one slim image, natively and emulated: images that `make demo` has built, proven again one after the other."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.commands import ROOT

MATRIX = "examples/debian/versions.json"
IMAGES = ("2.7-slim-bullseye", "3.9-slim-bullseye")
#: Architecture to the seconds that all proofs of a slim image may take, the project's own promise for a machine with two cores.
BOUNDS = {"amd64": 30.0, "arm64v8": 240.0}


def measure() -> dict[str, Any]:
    """Prove each image that is in the engine; seconds by cell, and how many times longer the emulated one takes."""
    return {image: found for image in IMAGES if (found := _image(image))}


def table(results: dict[str, Any]) -> list[str]:
    """Write them as the README shows them."""
    lines = [
        "| all proofs of | executed | proofs | seconds | times native | promised |",
        "|---|---|---|---|---|---|",
    ]
    for image, cells in results.items():
        for architecture, one in cells.items():
            ratio = f"{one['ratio']:.1f}" if one["ratio"] else "-"
            lines.append(
                f"| {image}-{architecture} | {one['executed']} | {one['proofs']} | {one['seconds']:.1f} | {ratio} "
                f"| {one['bound_seconds']:.0f} |"
            )
    missing = [image for image in IMAGES if image not in results]
    if missing:
        lines.append(
            f"\nnot measured: {', '.join(missing)} (not built and proven in this engine for both architectures)"
        )
    return lines


def _image(image: str) -> dict[str, Any]:
    words = ("test", "--json", "--jobs", "1", "--matrix", MATRIX, *(f"{image}-{name}" for name in BOUNDS))
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words], check=False, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == 2:
        return {}  # the images are not there
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found = {one["id"].removeprefix(f"{image}-"): one for one in json.loads(done.stdout)}
    native = next((one["seconds"] for one in found.values() if one["executed"] == "native"), None)
    return {
        name: {
            "executed": one["executed"],
            "proofs": len(one["proofs"]),
            "seconds": one["seconds"],
            "ratio": round(one["seconds"] / native, 1) if native else None,
            "bound_seconds": BOUNDS[name],
        }
        for name, one in found.items()
    }
