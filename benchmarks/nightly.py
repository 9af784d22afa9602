"""A night with nothing to do, as a whole process: 44 cells published to Debian's docker-registry on the loopback address, on the real engine.

Nothing in the measured command is replaced. What was published before it are small images in place of real ones (see `first_night.py`): a
night asks for names and digests, and it does not matter to it what is behind them.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.commands import ROOT
from benchmarks.first_night import tiny_image
from orchestrator.engine.connect import engine_for_work
from orchestrator.matrix.load import load_matrix
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.own_registry import own_registry
from tests.integration.second_engine import second_engine

_REPEATS = 5
_BOUND = 2.0
_INDEX = "application/vnd.oci.image.index.v1+json"


def measure() -> dict[str, Any]:
    """Publish all cells once, then let several nights pass; seconds of a whole process."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        engine_for_work(Places.from_environment(), Silent()) as engine,
        # One of its own is gone at the end as a whole, and has no images of other people to list.
        second_engine(engine, name="nightly-bench") as own,
        own_registry(Path(scratch) / "registry") as registry,
    ):
        directory = Path(scratch)
        state = {"XDG_STATE_HOME": str(directory / "state"), "no_proxy": "127.0.0.1"}
        environment = {**own.environment, **state, "DOCKER_HOST": own.host}
        _write(directory, registry.address)
        began = time.perf_counter()
        first = _night("benchmarks.first_night", directory, environment)
        first_seconds = time.perf_counter() - began
        seconds = []
        for _ in range(_REPEATS):
            began = time.perf_counter()
            quiet = _night("orchestrator", directory, environment)
            seconds.append(time.perf_counter() - began)
            if {one["action"] for one in quiet["cells"]} != {"nothing"} or quiet["published"] or quiet["pushed"]:
                raise AssertionError("a night that should have been quiet was not")
    return {
        "cells": len(quiet["cells"]),
        "references": len(first["published"]),
        "first_seconds": round(first_seconds, 3),
        "seconds": round(statistics.median(seconds), 4),
        "bound_seconds": _BOUND,
    }


def table(results: dict[str, Any]) -> list[str]:
    """Write it as the README shows it."""
    what = f"`nightly` with nothing to do ({results['cells']} cells, {results['references']} references)"
    return [
        "| whole process, everything published, real engine and registry | seconds | promised |",
        "|---|---|---|",
        f"| {what} | {results['seconds']:.2f} | {results['bound_seconds']} |",
    ]


def _night(module: str, directory: Path, environment: Mapping[str, str]) -> Any:
    files = ("--matrix", str(directory / "versions.json"), "--config", str(directory / "orchestrator.yaml"))
    argv = [sys.executable, "-m", module, "nightly", "--json", *files]
    done = subprocess.run(
        argv, check=False, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=300
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{module} ended with {done.returncode}: {done.stderr.decode()[-2000:]}{done.stdout.decode()[-2000:]}"
        )
    return json.loads(done.stdout)


def _write(directory: Path, registry: str) -> None:
    """Write the project's own matrix, and put its bases into the registry."""
    document = json.loads((ROOT / "versions.json").read_text(encoding="utf-8"))
    document |= {"release_site": f"http://{registry}/ftp"}
    (directory / "versions.json").write_text(json.dumps(document), encoding="utf-8")
    shutil.copytree(ROOT / "dockerfile-templates", directory / "dockerfile-templates")
    (directory / "orchestrator.yaml").write_text(
        f"registry: {registry}\nbases: registry\nbase_registry: {registry}/bases\n", encoding="utf-8"
    )
    cells = load_matrix(directory / "versions.json").cells
    platforms = sorted({str(cell.architecture.platform) for cell in cells})
    with httpx.Client(base_url=f"http://{registry}/v2/bases/", trust_env=False, timeout=30) as http:
        for reference in sorted({cell.image.variant.base for cell in cells}):
            _put_base(http, reference, platforms)


def _put_base(http: httpx.Client, reference: str, platforms: list[str]) -> None:
    repository, _, tag = reference.partition(":")
    entries = []
    for platform in platforms:
        blobs, descriptor = tiny_image(platform, reference)
        wanted = descriptor["digest"].removeprefix("sha256:")
        for digest, data in blobs.items():
            if digest != wanted:
                where = httpx.URL(http.post(f"{repository}/blobs/uploads/").headers["Location"])
                _put(
                    http, str(where.copy_merge_params({"digest": f"sha256:{digest}"})), data, "application/octet-stream"
                )
        _put(http, f"{repository}/manifests/sha256:{wanted}", blobs[wanted], descriptor["mediaType"])
        entries.append(descriptor)
    index = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}).encode()
    _put(http, f"{repository}/manifests/{tag}", index, _INDEX)


def _put(http: httpx.Client, where: str, data: bytes, kind: str) -> None:
    http.put(where, content=data, headers={"Content-Type": kind}).raise_for_status()
