"""`orchestrator prune` on a real engine of its own: the one at work keeps its images and its cache."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.disk.cache import Caches
from orchestrator.engine.model import Engine
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.system.places import Places
from orchestrator.system.process import Command, run
from tests.integration.command_line import Called, CommandLine
from tests.integration.second_engine import second_engine

CELL = "3.9-slim-bullseye-amd64"
#: The big file is in the first stage only, so its layer is in the build cache and in no image.
DOCKERFILE = "FROM scratch AS work\nCOPY big /big\nCOPY small /small\nFROM scratch\nCOPY --from=work /small /small\n"
BIG = 8_000_000
PASSED = ProofRecord(name="interpreter/starts", verdict="passed", detail="", seconds=0.1)


@dataclass(frozen=True, kw_only=True)
class Farm:
    """A command with a ledger and an engine of its own."""

    command: CommandLine
    client: docker.DockerClient
    caches: Caches
    places: Places
    scratch: Path

    def prune(self, *words: str) -> Called:
        return self.command("prune", "--json", *words)

    def build(self, number: int) -> tuple[str, str]:
        """Build a staged image whose layers nothing else has; returns reference and digest."""
        context = self.scratch / f"context-{number}"
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        (context / "big").write_bytes(os.urandom(BIG))
        (context / "small").write_bytes(os.urandom(1000))
        reference = f"orchestrator.local/python/{CELL}:{number:012x}"
        argv = (
            self.caches.docker,
            "buildx",
            "build",
            "--provenance=false",
            "--load",
            f"--tag={reference}",
            str(context),
        )
        # As real images are: dated back, so that the same input gives the same bytes.
        environment = {**self.caches.environment, "SOURCE_DATE_EPOCH": "1000000000"}
        built = run(Command(argv=argv, environment=environment, timeout=120))
        assert built.ok, built.reason
        return reference, str(self.client.images.get(reference).id)

    def remember(self, number: int, reference: str, digest: str) -> Path:
        """Put it into the ledger as proven; returns its log."""
        log = self.places.logs / f"{CELL}-20260101T0000{number:02}-{number:012x}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("built\n")
        os.utime(log, (0, 0))
        with open_ledger(self.places.ledger) as ledger:
            start = Start(
                cell=CELL, key=f"{number:012x}{52 * '0'}", execution="native", log=str(log), ingredients={"base": "b"}
            )
            attempt = ledger.start_attempt(ledger.start_run("build"), start)
            ledger.built(attempt, reference=reference, digest=digest, size=1, seconds=1, phases=())
            ledger.proved(attempt, [PASSED])
        return log

    @property
    def staged(self) -> set[str]:
        return {
            tag for image in self.client.images.list() for tag in image.tags if tag.startswith("orchestrator.local/")
        }


@pytest.fixture(scope="module")
def farm(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    root = tmp_path_factory.mktemp("prune")
    (root / "tmp").mkdir()
    with second_engine(engine) as second, second.client() as client:
        environment = {
            **second.environment,
            "DOCKER_HOST": second.host,
            "XDG_STATE_HOME": str(root / "state"),
            "TMPDIR": str(root / "tmp"),
        }
        yield Farm(
            command=CommandLine(environment=environment, state=root / "state"),
            client=client,
            caches=Caches(docker=engine.docker, environment=environment, runner=run),
            places=Places(cache=root / "cache", state=root / "state" / "orchestrator"),
            scratch=root / "tmp",
        )


def reasons(called: Called) -> dict[str, str]:
    return {one["what"]: one["reason"] for one in called.document["kept"]}


def gone(called: Called, kind: str) -> list[str]:
    return [one["what"] for one in called.document["removals"] if one["kind"] == kind]


@contextlib.contextmanager
def live_run(places: Places) -> Iterator[None]:
    with (places.state / "run.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_images_logs_and_cache_go_and_what_is_needed_stays(farm: Farm) -> None:
    references, digests, logs = {}, {}, {}
    for number in range(1, 7):
        references[number], digests[number] = farm.build(number)
        logs[number] = farm.remember(number, references[number], digests[number])
    stranger, _ = farm.build(7)
    everything = {*references.values(), stranger}
    farm.client.images.get(references[1]).tag("mine", tag="1")
    with open_ledger(farm.places.ledger) as ledger:
        ledger.published(ledger.start_run("publish"), "localhost:5000/amd64/python:3.9", digests[2])
    container: Any = farm.client.containers.create(references[3], ["/small"])
    used = farm.caches.use(farm.caches.own())
    assert used.size > 7 * BIG

    # Nothing is old yet (not even the stranger, whose config and name are dated back), and a cache of that size is within the default limit; a log of 1970 is.
    young = farm.prune("--images", "1", "--logs", "5")
    assert (young.code, gone(young, "image"), gone(young, "cache")) == (0, [], [])
    assert gone(young, "log") == [str(logs[1])]
    assert farm.staged == everything

    words = ("--images", "1", "--logs", "2", "--days", "0", "--cache-gib", "0.02")
    with live_run(farm.places):
        assert gone(farm.prune("--dry-run", *words), "image") == []
        live = farm.prune("--images", "1", "--logs", "4", "--days", "0", "--cache-gib", "0.02")
        assert (live.code, live.document["live"], gone(live, "log")) == (0, True, [str(logs[2])])
    assert farm.staged == everything

    foreseen = farm.prune("--dry-run", *words)
    assert farm.staged == everything
    done = farm.prune(*words)
    assert set(gone(foreseen, "image")) == {*gone(done, "image"), references[3]}
    # The engine refuses to remove what a container was made from: told, and nothing else held back.
    assert [one["what"] for one in done.document["refused"]] == [references[3]]
    assert done.code == 4
    assert farm.staged == {references[number] for number in (1, 2, 3, 6)}
    assert reasons(done)[references[1]] == "also tagged mine:1"
    assert reasons(done)[references[2]] == "published"
    assert reasons(done)[references[6]] == "the newest proven image of its cell"
    assert [log.exists() for log in logs.values()] == [False, False, False, False, True, True]

    left = farm.caches.use(farm.caches.own())
    (cache,) = [one for one in done.document["removals"] if one["kind"] == "cache"]
    assert left.size <= 0.02 * 1024**3
    # The newest cache is what stays.
    assert left.size >= BIG
    assert cache["bytes"] == pytest.approx(used.size - left.size, rel=0.01)
    foretold = sum(one["bytes"] for one in foreseen.document["removals"] if one["kind"] == "cache")
    assert foretold <= cache["bytes"] <= foretold + BIG * 2

    container.remove()
    again = farm.prune(*words)
    assert (again.code, gone(again, "image"), gone(again, "cache")) == (0, [references[3]], [])
    assert farm.client.images.get("mine:1").id == digests[1]


def test_an_image_that_no_ledger_knows_is_young_by_its_name_whatever_its_config_says(farm: Farm) -> None:
    reference, digest = farm.build(20)
    assert farm.client.images.get(reference).attrs["Created"].startswith("2001-")
    empty = {**farm.command.environment, "XDG_STATE_HOME": str(farm.scratch / "other-state")}
    other = CommandLine(environment=empty, state=farm.scratch / "other-state")
    called = other("prune", "--json", "--images", "1", "--cache-gib", "1000")
    assert called.code == 0
    assert reasons(called)[reference] == "not of this ledger, and not seen before"
    assert gone(called, "image") == []
    again = other("prune", "--json", "--images", "1", "--cache-gib", "1000")
    assert reasons(again)[reference] == "not of this ledger, and here for less than 30 days"
    assert str(farm.client.images.get(reference).id) == digest
    assert gone(other("prune", "--json", "--days", "0", "--cache-gib", "1000"), "image")
    assert reference not in farm.staged


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(farm: Farm) -> None:
    program = (
        "import sys, time\nfrom orchestrator.system.scratch import CONTEXT, scratch\n"
        "with scratch(CONTEXT) as made:\n    (made / 'file').write_text('x')\n    print(made, flush=True)\n    time.sleep(600)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=dict(farm.command.environment)
        )
        for _ in range(2)
    ]
    try:
        made = []
        for process in processes:
            assert process.stdout is not None
            made.append(Path(process.stdout.readline().strip()).parent)
        assert all(directory.parent == farm.scratch for directory in made)
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait(timeout=10)
        called = farm.prune()
        assert gone(called, "scratch") == [str(made[0])]
        assert [directory.exists() for directory in made] == [False, True]
    finally:
        for process in processes:
            process.kill()
            process.wait(timeout=10)
            assert process.stdout is not None
            process.stdout.close()
    assert gone(farm.prune(), "scratch") == [str(made[1])]
