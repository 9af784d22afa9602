"""`orchestrator prune`: its words, its lines, its document and its exit codes, with the engine faked."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.group import run
from orchestrator.disk import engine
from orchestrator.disk.cache import Caches
from orchestrator.disk.engine import EngineSide
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.places import Places
from tests.unit.disk.fakes import FakeImages
from tests.unit.disk.test_pruning import ONE, TWO, runner, two_proven
from tests.unit.disk.things import reference
from tests.unit.engine.fakes import FakeRunner

EVERYTHING = ("--images", "1", "--logs", "1", "--days", "0", "--cache-gib", "1")


@dataclass
class Machine:
    """A state directory with two proven images in its ledger, and an engine that has them."""

    places: Places
    images: FakeImages
    asked: FakeRunner = field(default_factory=runner)
    builders: Sequence[str] = ()
    trouble: EnvironmentFailedError | None = None
    absent: bool = False

    @contextlib.contextmanager
    def open_side(self, _: Any, builders: Sequence[str], __: Any) -> Iterator[EngineSide | None]:
        if self.trouble is not None:
            raise self.trouble
        self.builders = builders
        if self.absent:
            yield None
            return
        caches = Caches(docker="docker", environment={}, runner=self.asked)
        yield EngineSide(client=self.images.client, caches=caches, builders=tuple(builders))

    @property
    def logs(self) -> int:
        return len(list(self.places.logs.iterdir()))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places = Places.from_environment()
    made = Machine(places=places, images=two_proven(places))
    monkeypatch.setattr(engine, "open_side", made.open_side)
    return made


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["prune", *words])
    return code, *capsys.readouterr()


def test_it_removes_and_says_what_how_much_and_why(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, *EVERYTHING)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["KIND", "SIZE", "WHAT", "WHY"]
    assert lines[2].split()[:4] == ["image", "100", "B", reference(1)]
    assert lines[2].endswith("not one of the newest 1 of its cell, and older than 0 days")
    assert lines[-1] == "freed up to 1.9 GB in 3 removals; 1 log, 1 image kept"
    assert machine.images.by_reference == {reference(2): TWO}
    assert machine.logs == 1


def test_a_dry_run_changes_nothing_and_shows_what_stays(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "--dry-run", *EVERYTHING)
    lines = out.splitlines()
    assert code == 0
    assert any(line.split() == ["KIND", "STAYS", "WHY"] for line in lines)
    assert any(reference(2) in line and line.endswith("the newest proven image of its cell") for line in lines)
    assert lines[-1].startswith("would free up to 1.9 GB in 3 removals")
    assert machine.images.by_reference == {reference(1): ONE, reference(2): TWO}
    assert machine.logs == 2
    assert not any("prune" in line for line in machine.asked.lines)


def test_the_document(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    foreseen = json.loads(call(capsys, "--dry-run", "--json", *EVERYTHING)[1])
    code, out, err = call(capsys, "--json", *EVERYTHING)
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert [one["kind"] for one in document["removals"]] == ["log", "image", "cache"]
    assert document["removals"][1] == {
        "kind": "image",
        "what": reference(1),
        "bytes": 100,
        "reason": "not one of the newest 1 of its cell, and older than 0 days",
    }
    assert document["bytes"] == 1_900_000_105
    assert {"kind": "image", "what": reference(2), "reason": "the newest proven image of its cell"} in document["kept"]
    assert (document["dry_run"], document["live"], document["refused"], document["notes"]) == (False, False, [], [])
    assert foreseen["dry_run"]
    assert [one["what"] for one in foreseen["removals"]] == [one["what"] for one in document["removals"]]
    assert machine.logs == 1


def test_without_words_the_config_decides(machine: Machine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("keep: {images: 1, logs: 1, days: 0, cache_gib: 500}\nbuilders: [{name: default}]\n")
    document = json.loads(call(capsys, "--json", "--config", str(config), "--logs", "2")[1])
    assert [one["kind"] for one in document["removals"]] == ["image"]
    assert machine.builders == ["default"]
    assert machine.logs == 2


def test_the_defaults_keep_what_is_young(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(call(capsys, "--json")[1])["removals"] == []
    assert machine.logs == 2


def test_while_a_run_is_going_on_only_logs_and_scratch_go(
    machine: Machine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    dead = tmp_path / "orchestrator-context-dead"
    dead.mkdir()
    (dead / "lock").touch()
    lock = machine.places.state / "run.lock"
    with lock.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, out, _ = call(capsys, *EVERYTHING)
    assert code == 0
    assert "a run is going on: images and build cache stay as they are" in out
    assert machine.images.by_reference == {reference(1): ONE, reference(2): TWO}
    assert (machine.asked.lines, machine.logs, dead.exists()) == ([], 1, False)


def test_logs_go_without_an_engine_too(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.absent = True
    code, out, _ = call(capsys, *EVERYTHING)
    assert (code, machine.logs) == (0, 1)
    assert "no engine was looked at" in out


def test_an_engine_that_cannot_be_used_is_exit_4_and_the_logs_go(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.trouble = EnvironmentFailedError("DOCKER_HOST=tcp://192.0.2.1:1: no answer")
    code, _, err = call(capsys, *EVERYTHING)
    assert (code, machine.logs) == (4, 1)
    assert "warning: DOCKER_HOST=tcp://192.0.2.1:1: no answer" in err


def test_an_image_that_the_engine_holds_on_to_is_exit_4(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.images.used.add(reference(1))
    code, out, _ = call(capsys, *EVERYTHING)
    assert code == 4
    assert f"stays: image {reference(1)}: {reference(1)} stays: container 12ab is using it" in out
    document = json.loads(call(capsys, "--json", *EVERYTHING)[1])
    assert [one["what"] for one in document["refused"]] == [reference(1)]


def test_a_builder_that_does_not_answer_is_exit_4(
    machine: Machine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "orchestrator.yaml"
    config.write_text("builders: [{name: farm}]\n")
    code, out, _ = call(capsys, "--config", str(config), *EVERYTHING)
    assert code == 4
    assert "the cache of builder farm stays" in out
    assert machine.images.by_reference == {reference(2): TWO}


def test_a_damaged_ledger_stops_it_before_anything_goes(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (machine.places.state / name).unlink(missing_ok=True)
    machine.places.ledger.write_bytes(os.urandom(8192))
    code, _, err = call(capsys, *EVERYTHING)
    assert (code, machine.logs) == (4, 2)
    assert "ledger" in err
    assert len(machine.images.by_reference) == 2


def test_what_cannot_be_written_down_is_exit_4_after_the_work(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine.places.state / "sightings.json").mkdir()
    code, out, err = call(capsys, *EVERYTHING)
    assert code == 4
    assert "freed up to 1.9 GB" in out
    assert "warning: which images were seen cannot be written down" in err


@pytest.mark.parametrize(
    "words", [("--images", "0"), ("--logs", "0"), ("--days", "-1"), ("--cache-gib", "x"), ("cell",)]
)
def test_nonsense_is_exit_2(machine: Machine, capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> None:
    code, _, err = call(capsys, *words)
    assert (code, machine.logs) == (2, 2)
    assert "mend: " in err
