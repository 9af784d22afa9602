"""`orchestrator doctor` on this host, as a person runs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from orchestrator.system.process import Command, Completed, run
from tests.integration.command_line import CommandLine
from tests.integration.images import DEBIAN


def doctor(tmp_path: Path, *words: str, **variables: str) -> Completed:
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        **variables,
    }
    return run(
        Command(argv=(sys.executable, "-m", "orchestrator", "doctor", *words), environment=environment, timeout=120)
    )


def test_each_check_has_a_verdict_and_each_bad_one_a_mend(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    document = json.loads(done.stdout)
    assert done.status == (4 if document["verdict"] == "fail" else 0)
    names = {check["name"] for check in document["checks"]}
    assert {
        "engine",
        "buildx",
        "image store",
        "kernel",
        "run amd64",
        "run arm64v8",
        "memory",
        "registry",
        "apt mirror",
    } <= names
    for check in document["checks"]:
        assert check["verdict"] in {"ok", "warn", "fail"}
        assert bool(check["mend"]) == (check["verdict"] != "ok"), check
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "state").exists()


def test_plain_lines_where_nobody_has_a_terminal(tmp_path: Path) -> None:
    lines = doctor(tmp_path).text.splitlines()
    assert any(line.startswith("ok    kernel") for line in lines)
    assert not any("\x1b" in line for line in lines)


@pytest.mark.timeout(1800)
def test_what_emulation_costs_is_measured_on_the_engine_that_works(orchestrator: CommandLine) -> None:
    made = orchestrator("bases", *DEBIAN, "--variant", "slim-bullseye")
    assert made.code == 0, made.err
    done = orchestrator("doctor", *DEBIAN, "--bench", "--json")
    (found,) = done.document["bench"]
    assert (found["architecture"], found["plain_cpu"]) == ("arm64v8", "QEMU_CPU=cortex-a57")
    assert found["emulator"].startswith("QEMU ")
    measures = {one["name"]: one for one in found["measures"]}
    for name in ("start a program", "start Perl", "calculate in Perl"):
        assert measures[name]["emulated"] > measures[name]["native"] > 0, name
    assert measures["start Perl"]["plain"] > measures["start Perl"]["native"]
    assert (measures["start a program"]["accelerated"] is not None) == found["tools"]
