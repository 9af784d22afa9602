"""Ctrl-C in the middle of an emulated build: a clean end, nothing left, and the next run goes on from BuildKit's cache."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import docker
import pytest

from orchestrator.engine import embedded
from orchestrator.engine.layout import Layout
from orchestrator.engine.model import Engine
from orchestrator.system.places import Places
from tests.integration.command_line import ROOT, CommandLine

CONFIGURE = "\tCONFIG_SHELL=/bin/sh ./configure"


def _matrix(directory: Path) -> Path:
    """A matrix whose compile no cache knows, whatever has been built on this machine: its templates say something new before configure."""
    shutil.copy(ROOT / "examples" / "debian" / "versions.json", directory)
    templates = shutil.copytree(ROOT / "dockerfile-templates", directory / "dockerfile-templates") / "compile.j2"
    text = templates.read_text(encoding="utf-8")
    assert text.count(CONFIGURE) == 1
    templates.write_text(text.replace(CONFIGURE, f"\t: {uuid.uuid4().hex} && {CONFIGURE.strip()}"), encoding="utf-8")
    return directory / "versions.json"


def _field(pid: str, name: str) -> str:
    try:
        return (Path("/proc") / pid / name).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""  # it ended meanwhile


def _left_over(state: Path, engine: Engine) -> list[str]:
    """What still works on the build: processes that the command started, and those that run inside the engine's containers."""
    pids = [path.name for path in Path("/proc").glob("[0-9]*")]
    stats = {pid: _field(pid, "stat").rpartition(")")[2].split() for pid in pids}
    parents = {pid: stat[1] for pid, stat in stats.items() if len(stat) > 1}
    running = embedded.running(Layout.of(Places.from_environment())) if engine.embedded else None
    found = [_field(pid, "cmdline") for pid in pids if str(state) in _field(pid, "environ")]
    for pid in parents if running is not None else ():
        line = [pid]
        while parents.get(line[-1], "0") not in {"0", "1"}:
            line.append(parents[line[-1]])
        if running is not None and str(running.pid) in line[1:] and _field(pid, "comm").strip() != "containerd":
            found.append(_field(pid, "cmdline"))
    return found


@pytest.mark.timeout(1800)
def test_ctrl_c_is_clean_and_the_next_run_continues(
    orchestrator: CommandLine,
    engine: Engine,
    client: docker.DockerClient,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("bases: bootstrap\n")
    words = ("build", "--matrix", str(_matrix(tmp_path)), "2.7-slim-bullseye-arm64v8")
    assert _left_over(orchestrator.state, engine) == []
    mounts = Path("/proc/self/mounts").read_text()
    containers = {container.id for container in client.containers.list(all=True)}
    first = orchestrator.start(*words, "--config", str(config), err=tmp_path / "first")
    request.addfinalizer(first.interrupt)
    first.wait_for("2.7-slim-bullseye-arm64v8: configure", seconds=1200)
    logs = (orchestrator.state / "orchestrator" / "logs").glob("2.7-slim-bullseye-arm64v8-*.log")
    log = max(logs, key=lambda path: path.stat().st_mtime)
    assert "configure" in log.read_text()
    code, seconds = first.interrupt()
    assert (code, seconds < 10) == (130, True), (code, seconds, first.err)
    assert "Traceback" not in first.err
    assert _left_over(orchestrator.state, engine) == []
    assert {container.id for container in client.containers.list(all=True)} == containers
    assert Path("/proc/self/mounts").read_text() == mounts
    history = orchestrator("history", "2.7-slim-bullseye-arm64v8", "--json").document
    assert [(one["state"], one["failure"]) for one in history][:1] == [("failed", "cancelled")]

    second = orchestrator.start(*words, "--config", str(config), err=tmp_path / "second")
    request.addfinalizer(second.interrupt)
    second.wait_for("2.7-slim-bullseye-arm64v8: configure", seconds=120)
    assert "the last attempt was stopped: " in second.err
    newest = max(log.parent.glob("2.7-slim-bullseye-arm64v8-*.log"), key=lambda path: path.stat().st_mtime)
    assert newest != log
    assert "=== packages: cached" in newest.read_text()
    assert second.interrupt()[0] == 130
