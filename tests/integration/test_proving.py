"""Proofs as a user makes them: all of them on all good images, and what happens when the command is killed, interrupted or cut off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from orchestrator.engine.model import Engine
from orchestrator.prove.catalogue import CATALOGUE
from orchestrator.prove.containers.owners import LABEL, OWNER
from tests.integration.command_line import ROOT, CommandLine, Running
from tests.integration.images import DEBIAN, EMULATED, NATIVE, Images

CELL = "2.7-slim-bullseye-amd64"

pytestmark = pytest.mark.timeout(5400)


def _containers(client: docker.DockerClient, running: Running) -> list[str]:
    """Those that this command has made, and nobody else on this engine."""
    found = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    return [
        str(one.id) for one in found if str(one.labels.get(OWNER, "")).split(":")[1:2] == [str(running.process.pid)]
    ]


def _wait_for_containers(client: docker.DockerClient, running: Running) -> None:
    deadline = time.monotonic() + 60
    while not _containers(client, running):
        assert running.process.poll() is None, running.err
        assert time.monotonic() < deadline, "no container of a proof appeared"
        time.sleep(0.05)


def test_every_proof_passes_on_both_lines_and_both_architectures(
    native_images: Images, emulated_images: Images
) -> None:
    cells = native_images.cells | emulated_images.cells
    assert set(cells) == {*NATIVE, *EMULATED}
    for name, cell in cells.items():
        assert [proof for proof in cell["proofs"] if not proof["passed"]] == [], name
        assert len(cell["proofs"]) > 45, name
    for name in EMULATED:
        assert cells[name]["executed"].startswith("emulated (QEMU ")
        compared = [proof for proof in cells[name]["proofs"] if proof["name"].startswith("parity/")]
        assert len(compared) == 4, name


def test_what_a_killed_run_leaves_is_removed_by_the_next(
    native_images: Images, orchestrator: CommandLine, client: docker.DockerClient, tmp_path: Path
) -> None:
    assert native_images.ok
    running = orchestrator.start("test", *DEBIAN, CELL, "--only", "behaviour", err=tmp_path / "err")
    _wait_for_containers(client, running)
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    assert _containers(client, running)
    done = orchestrator("test", *DEBIAN, CELL, "--only", "interpreter/starts")
    assert done.code == 0, done.err
    assert "that a killed run had left" in done.err
    assert _containers(client, running) == []


def test_ctrl_c_ends_at_once_and_leaves_nothing(
    native_images: Images, orchestrator: CommandLine, client: docker.DockerClient, tmp_path: Path
) -> None:
    assert native_images.ok
    running = orchestrator.start("test", *DEBIAN, *NATIVE, err=tmp_path / "err")
    _wait_for_containers(client, running)
    code, seconds = running.interrupt()
    assert (code, seconds < 10) == (130, True), (code, seconds, running.err)
    assert "Traceback" not in running.err
    assert _containers(client, running) == []


def test_no_proof_needs_a_network(native_images: Images, orchestrator: CommandLine, engine: Engine) -> None:
    assert native_images.ok
    unshare = shutil.which("unshare")
    assert unshare is not None
    done = subprocess.run(
        [unshare, "--net", sys.executable, "-m", "orchestrator", "test", *DEBIAN, CELL],
        check=False,
        cwd=ROOT,
        env={**orchestrator.environment, "DOCKER_HOST": engine.host},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{CELL}: all " in done.stdout


def test_some_proofs_of_several_images_side_by_side(native_images: Images, orchestrator: CommandLine) -> None:
    assert native_images.ok
    done = orchestrator(
        "test", *DEBIAN, *NATIVE, "--only", "security", "--skip", "security/confined", "--jobs", "2", "--json"
    )
    assert done.code == 0, done.err
    assert [one["id"] for one in done.document] == list(NATIVE)
    names = {proof["name"] for one in done.document for proof in one["proofs"]}
    assert names == {"security/passwords", "security/setuid", "security/writable", "security/shellshock"}
    assert all(one["ok"] and one["digest"] == native_images.cells[one["id"]]["digest"] for one in done.document)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "recip/environment"), "did you mean recipe/environment"),
        (("--image", "amd64/python:2.7.18-slim-bullseye"), "--image and --as go together"),
        (("--image", "no/such:image", "--as", CELL), "there is no image no/such:image"),
        (("--image", "x", "--as", "2.7-slim-bullseye"), "names 2 cells"),
    ],
)
def test_what_cannot_be_proven_is_said_before_anything_runs(
    orchestrator: CommandLine, words: tuple[str, ...], said: str
) -> None:
    done = orchestrator("test", *DEBIAN, *words)
    assert done.code == 2
    assert said in done.err


def test_the_list_is_the_catalogue(orchestrator: CommandLine) -> None:
    done = orchestrator("test", "--list", "--json")
    assert (done.code, done.err) == (0, "")
    assert [one["name"] for one in done.document] == [proof.name for proof in CATALOGUE]
    assert all(one["claim"] and one["link"].startswith("https://") for one in done.document)
    some = orchestrator("test", "--list", "--json", "--only", "pip", "--skip", "pip/install").document
    assert {one["name"] for one in some} == {"pip/distributions", "pip/version", "pip/files"}
