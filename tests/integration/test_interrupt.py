"""Ctrl-C in the middle of an emulated build: a clean end, nothing left, and the next run goes on from BuildKit's cache."""

from __future__ import annotations

import re
from pathlib import Path

import docker
import pytest

from tests.integration.command_line import CommandLine

WORDS = ("build", "--matrix", "examples/debian/versions.json", "2.7-slim-bullseye-arm64v8")
CONFIGURE = "checking for"


def _foreign_processes() -> list[str]:
    """Command lines of everything that works on a build: emulated programs and buildx."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # it ended meanwhile
        if re.search(r"qemu-aarch64|\./configure --build|docker-buildx buildx build", words):
            found.append(words)
    return found


@pytest.mark.timeout(1800)
def test_ctrl_c_is_clean_and_the_next_run_continues(
    orchestrator: CommandLine, client: docker.DockerClient, tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("bases: bootstrap\n")
    before = set(_foreign_processes())
    mounts = Path("/proc/self/mounts").read_text()
    first = orchestrator.start(*WORDS, "--config", str(config), err=tmp_path / "first")
    first.wait_for("2.7-slim-bullseye-arm64v8: configure", seconds=1200)
    log = next((orchestrator.state / "orchestrator" / "logs").glob("2.7-slim-bullseye-arm64v8-*.log"))
    assert "configure" in log.read_text()
    code, seconds = first.interrupt()
    assert (code, seconds < 10) == (130, True), (code, seconds, first.err)
    assert "Traceback" not in first.err
    assert set(_foreign_processes()) - before == set()
    assert client.containers.list(all=True) == []
    assert Path("/proc/self/mounts").read_text() == mounts
    history = orchestrator("history", "2.7-slim-bullseye-arm64v8", "--json").document
    assert [(one["state"], one["failure"]) for one in history] == [("failed", "cancelled")]

    second = orchestrator.start(*WORDS, "--config", str(config), err=tmp_path / "second")
    second.wait_for("2.7-slim-bullseye-arm64v8: configure", seconds=120)
    assert "the last attempt failed: cancelled" in second.err
    (newest, _) = sorted(
        log.parent.glob("2.7-slim-bullseye-arm64v8-*.log"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    assert "=== packages: cached" in newest.read_text()
    assert second.interrupt()[0] == 130
