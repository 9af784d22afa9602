"""Kills, Ctrl-C, engines that go, two runs at once, full disks: the next run resumes, builds nothing again that was whole, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.engine import embedded
from orchestrator.engine.model import Engine
from orchestrator.system.progress import Silent
from tests.integration.second_engine import second_engine
from tests.integration.small_command import Going
from tests.integration.survival import Place, place, until

KILLS = 30
#: What a kill is meant to meet, and so many of each.
AIMS = ("start", "build", "whole", "prove", "prove", "tag")


@pytest.fixture
def here(tmp_path: Path, client: docker.DockerClient) -> Iterator[Place]:
    with place(tmp_path, client) as made:
        yield made


def _reached(here: Place, aim: str, before: tuple[int, int]) -> bool:
    """True when a run that made attempts after number `before[0]`, with `before[1]` cells proven, has come to what is aimed at."""
    states = Counter(state for number, state in here.rows("SELECT id, state FROM attempts") if number)
    if aim == "start":
        return True
    if aim == "build":
        return states["running"] > 0 and here.rows(f"SELECT 1 FROM attempts WHERE id > {before[0]}") != []  # noqa: S608
    if aim == "whole":
        running = {reference for (reference,) in here.rows("SELECT reference FROM attempts WHERE state = 'running'")}
        return bool(running & here.present().keys())
    if aim == "prove":
        return states["built"] > 0
    return states["proven"] > before[1]


def _kill_at(here: Place, going: Going, aim: str, before: tuple[int, int], chance: random.Random) -> bool:
    """Kill the command, and nothing else, soon after it has come to what is aimed at; False when it ended before that."""
    while not _reached(here, aim, before):
        if going.process.poll() is not None:
            return False
        time.sleep(0.002)
    longest = {"start": 1.6, "build": 0.8, "whole": 0.0, "prove": 1.2, "tag": 0.05}[aim]
    with contextlib.suppress(subprocess.TimeoutExpired):
        going.process.wait(timeout=chance.uniform(0, longest))
        return False
    going.process.kill()
    return going.process.wait(timeout=10) == -signal.SIGKILL


def _last(here: Place) -> tuple[int, int]:
    ((number, proven),) = here.rows("SELECT max(id), sum(state = 'proven') FROM attempts") or [(0, 0)]
    assert isinstance(number, int | None)
    assert isinstance(proven, int | None)
    return number or 0, proven or 0


@pytest.mark.timeout(420)
def test_thirty_kills_at_any_point_lose_nothing_and_leave_nothing(here: Place) -> None:
    seed = int(os.environ.get("SURVIVAL_SEED") or random.SystemRandom().randrange(10**6))
    print(f"SURVIVAL_SEED={seed}")
    chance = random.Random(seed)
    aims = list(AIMS * (KILLS // len(AIMS)))
    chance.shuffle(aims)
    met, rounds, kept, kills, kills_of_round = Counter[str](), 0, 0, 0, 0
    here.matrix()
    while aims or kills_of_round:
        finished, before = here.finished(), _last(here)
        kept += len(finished & {(one.cell, one.key) for one in here.small.attempts()})
        # After some kills a round is led to its end; there each of them has to have been made good.
        aim = aims[-1] if aims and kills_of_round < 8 else None
        with here.started("build", "--json") as going:
            killed = aim is not None and _kill_at(here, going, aim, before, chance)
            called = None if killed else going.ended(seconds=90)
        again = {(one.cell, one.key) for one in here.small.attempts() if one.id > before[0]} & finished
        assert not again, f"built again with SURVIVAL_SEED={seed}, after {met}: {again}"
        if called is None:
            aims.pop()
            kills, kills_of_round = kills + 1, kills_of_round + 1
            met.update(here.stages(before[0]))
            time.sleep(chance.choice((0.0, 0.0, 0.3)))
        else:
            here.assert_complete(called)
            assert len(called.document["cells"]) == 4
            rounds, kills_of_round = rounds + 1, 0
            if aims:
                here.matrix()
    print(f"{kills} kills, {rounds} rounds, met {dict(met)}, {kept} times something whole was there before a run")
    assert kills == KILLS
    assert {"build", "prove", "tag"} <= set(met), met
    attempts = Counter((one.cell, one.key) for one in here.small.attempts())
    assert len(attempts) == 4 * rounds
    assert kept > KILLS


@pytest.mark.timeout(120)
def test_a_killed_buildx_fails_its_cell_with_a_class_and_the_others_finish(here: Place) -> None:
    # Emulated cells take their time, the others are quick.
    here.matrix(more=' && case "$(uname -m)" in aarch64) sleep 5;; esac')
    cell = "3.9-slim-bullseye-arm64v8"
    with here.started("build", "--json") as going:
        until(lambda: here.processes(f"{cell}:"), seconds=30)
        going.wait_for(f"{cell}: other", seconds=30)
        time.sleep(1)
        for pid, line in here.processes(f"{cell}:"):
            if "docker-buildx" in line.split(" ")[0]:
                os.kill(pid, signal.SIGKILL)
        called = going.ended(seconds=60)
    cells = {one["id"]: one for one in called.document["cells"]}
    assert [name for name, one in cells.items() if not one["ok"]] in ([], [cell]), called.err
    if cells[cell]["ok"]:
        assert cells[cell]["tries"] == 2
    else:
        assert cells[cell]["failure"]["class"] not in {"unknown", "compile error"}, cells[cell]["failure"]
        assert called.code in {1, 130}
    assert "Traceback" not in called.err
    here.assert_complete(here.build("--json"))


@pytest.mark.timeout(240)
def test_an_engine_that_is_killed_ends_the_run_soon_is_told_once_and_the_next_run_completes(
    here: Place, engine: Engine
) -> None:
    here.matrix(more=" && sleep 4")
    with second_engine(engine) as second, second.client() as client:
        home, here.client = here.client, client
        before, here.small = (
            here.small,
            here.small.within({**second.environment, "DOCKER_HOST": second.host, "TMPDIR": str(here.temporary)}),
        )
        try:
            with here.started("build", "--json") as going:
                going.wait_for("arm64v8: other", seconds=60)
                time.sleep(1)
                second.kill()
                called = going.ended(seconds=30)
            assert (called.code, called.seconds < 20) == (4, True), (called.code, called.seconds, called.err)
            assert called.err.count("is left out from now on: engine lost") == 1, called.err
            assert called.err.count("not tried: the engine does not answer") == 1, called.err
            assert "Traceback" not in called.err
            tries = [one["tries"] for one in called.document["cells"] if one["failure"]["class"] == "engine lost"]
            assert sorted(tries) == [0, 0, 1, 1], called.err
            assert here.rows("SELECT id FROM attempts WHERE state = 'running'") == []
            here.assert_sound()
            gone = here.build("--json", seconds=30)
            assert gone.code == 4, gone.err
            assert "mend:" in gone.err

            embedded.start(second.layout, Silent(), keep=True)
            here.assert_complete(here.build("--json"))
        finally:
            here.clear()
            here.client, here.small = home, before


def _stopped(here: Place, going: Going, *, code: int = 130, seconds: float) -> None:
    started = time.monotonic()
    called = going.ended(seconds=30)
    assert called.code == code, called.err
    assert time.monotonic() - started < seconds, called.err
    assert "Traceback" not in called.err
    here.assert_sound()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_one_interruption_begins_nothing_new_and_ends_clean(here: Place, sign: signal.Signals) -> None:
    here.matrix(more=" && sleep 6", archs=("amd64",))
    with here.started("build", "--jobs", "1") as going:
        going.wait_for("amd64: other", seconds=30)
        time.sleep(1)
        going.process.send_signal(sign)
        _stopped(here, going, seconds=10)
        assert "nothing new is begun" in going.err
    assert [(one.state, one.failure_class) for one in here.small.attempts()] == [("failed", "cancelled")]
    assert here.rows("SELECT exit_code FROM runs") == [(130,)]
    assert here.left() == []
    here.assert_complete(here.build())


@pytest.mark.timeout(120)
def test_a_second_interruption_ends_at_once_what_would_not_end(here: Place) -> None:
    here.matrix(more=" && sleep 6", archs=("amd64",))
    with here.started("build") as going:
        going.wait_for("amd64: other", seconds=30)
        time.sleep(1)
        # What is stopped does not hear the request to end: a clean end would take the whole grace time.
        for pid, _ in here.processes("buildx"):
            os.kill(pid, signal.SIGSTOP)
        going.process.send_signal(signal.SIGINT)
        going.wait_for("once more: at once", seconds=5)
        time.sleep(0.5)
        assert going.process.poll() is None
        going.process.send_signal(signal.SIGINT)
        _stopped(here, going, seconds=2)
    until(lambda: not here.processes(), seconds=5, what=lambda: str(here.processes()))
    here.assert_complete(here.build())


@pytest.mark.timeout(180)
def test_of_two_runs_the_second_waits_or_ends_with_4(here: Place) -> None:
    here.matrix(more=" && sleep 5", lines=1, archs=("amd64",))
    with here.started("build") as first:
        first.wait_for("amd64: other", seconds=30)
        told = f"(build, process {first.process.pid}, since "
        with here.started("build", "--json") as second:
            second.wait_for(f"waiting for another run to end {told}", seconds=15)
            refused = here.build("--no-wait", seconds=15)
            assert refused.code == 4
            assert f"another run is at work {told}" in refused.err
            assert "mend:" in refused.err
            assert refused.seconds < 5
            assert second.process.poll() is None
            assert first.ended(seconds=60).code == 0, first.err
            called = second.ended(seconds=30)
    here.assert_complete(called)
    assert [one["action"] for one in called.document["cells"]] == ["nothing"]
    assert len(here.small.attempts()) == 1

    here.matrix(more=" && sleep 3", lines=1, archs=("amd64",))
    with here.started("build") as first:
        first.wait_for("amd64: other", seconds=30)
        with here.started("build") as second:
            second.wait_for("waiting for another run to end", seconds=15)
            first.process.kill()
            called = second.ended(seconds=60)
    here.assert_complete(called)


@contextlib.contextmanager
def _small_disk(directory: Path, *, kilobytes: int) -> Iterator[None]:
    directory.mkdir(parents=True)
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", str(directory)], check=True)


def _fill(file: Path, *, leave: int) -> None:
    """Take all but so many bytes of a disk."""
    seen = os.statvfs(file.parent)
    file.write_bytes(bytes(max(0, seen.f_bavail * seen.f_frsize - leave)))


def _without_age(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in cell.items() if name != "age_seconds"} for cell in cells]


@pytest.mark.timeout(180)
def test_a_full_disk_is_told_with_a_mend_loses_nothing_and_the_next_run_completes(here: Place) -> None:
    here.matrix(lines=1, archs=("amd64",))
    filler = here.places.state / "filler"
    with _small_disk(here.places.state, kilobytes=1024):
        here.assert_complete(here.build())
        known = _without_age(here.small("status", "--json").document)
        for leave in (0, 16_000, 48_000, 80_000, 120_000):
            here.matrix(lines=1, archs=("amd64",))
            _fill(filler, leave=leave)
            called = here.build(seconds=60)
            assert called.code in ({4} if leave < 20_000 else {0, 4}), (leave, called.err)
            assert "Traceback" not in called.err, leave
            if called.code == 4:
                assert "full" in called.err or "No space" in called.err or "I/O error" in called.err, (
                    leave,
                    called.err,
                )
                assert "mend:" in called.err, (leave, called.err)
            filler.unlink()
            here.assert_sound()
            if leave == 0:
                assert _without_age(here.small("status", "--json").document) == known
            here.assert_complete(here.build())
