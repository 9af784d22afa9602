"""Two real engines share a run of the real command: both are used, one dies or hangs in the middle of it, one is native for what the other emulates."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
import pytest

from orchestrator.engine import leftovers
from orchestrator.engine.model import Engine
from orchestrator.ledger.records import State
from tests.integration.second_engine import SecondEngine, second_engine
from tests.integration.small_command import Small, by_cell, forget, gone

DEFAULT, SECOND = {"name": "default", "slots": 1}, {"name": "second", "slots": 1}
#: True in a way: the kernel's emulator runs it, and nobody tells.
NATIVE = {**SECOND, "platforms": ["linux/arm64"], "slots": 2}
LINE = ("3.9",)
AMD64, ARM64 = "3.9-slim-bullseye-amd64", "3.9-slim-bullseye-arm64v8"


@pytest.fixture(scope="module")
def second(engine: Engine) -> Iterator[SecondEngine]:
    """One for this module; in the middle of it, a test kills it."""
    with second_engine(engine) as started:
        yield started


@pytest.fixture(scope="module")
def host(engine: Engine, tmp_path_factory: pytest.TempPathFactory, client: docker.DockerClient) -> Iterator[str]:
    """Another address of the first engine, by which it is nobody's embedded one: its client directory follows the last of its users."""
    link = tmp_path_factory.mktemp("home") / "docker.sock"
    link.symlink_to(engine.host.removeprefix("unix://"))
    yield f"unix://{link}"
    forget(client)


@pytest.fixture(scope="module")
def environment(second: SecondEngine, host: str) -> Mapping[str, str]:
    """What a user has whose own docker config knows both engines, and whose DOCKER_HOST names the first."""
    return {**second.environment, "DOCKER_HOST": host}


@pytest.fixture
def small(environment: Mapping[str, str], tmp_path: Path) -> Small:
    return Small.at(tmp_path, environment)


def nap(seconds: int) -> str:
    """A sleep that no other process of this host makes."""
    return f"sleep {seconds}.{random.randrange(10**8, 10**9)}"


def naps_in(second: SecondEngine, sleep: str) -> bool:
    """Whether it runs in a step of the second engine."""
    for pid in leftovers.container_processes(second.layout.data):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # The shell of the step has it in its script, between other words.
        if words.rstrip().endswith(sleep) and " : " not in words:
            return True
    return False


def wait_for_nap(second: SecondEngine, sleep: str) -> None:
    deadline = time.monotonic() + 60
    while not naps_in(second, sleep):
        assert time.monotonic() < deadline, "no step began on the second engine"
        time.sleep(0.05)


def nothing_left(small: Small, client: docker.DockerClient, sleep: str = "") -> bool:
    """Neither processes of the command, nor its sleeping steps, nor containers that prove."""
    containers = [
        one.name for one in client.containers.list(all=True) if "/small/" in str(one.attrs["Config"]["Image"])
    ]
    sleeping = bool(sleep) and not gone(sleep)
    return not sleeping and not containers and gone(str(small.directory), entry="environ")


def test_both_work_and_what_is_built_away_comes_home(
    small: Small, second: SecondEngine, client: docker.DockerClient
) -> None:
    cells = small.matrix()
    small.config(builders=[DEFAULT, SECOND])
    began = int(time.time())
    called = small("build", "--json")
    assert called.code == 0, called.err
    results = by_cell(called)
    assert tuple(results) == cells
    assert {one["node"] for one in results.values()} == {"default", "second"}
    with second.client() as there:
        events = there.events(
            since=began, until=int(time.time()) + 1, filters={"type": "container", "event": "create"}, decode=True
        )
        examined_there = {str(event["Actor"]["Attributes"]["image"]) for event in events}
        for cell, one in results.items():
            (attempt,) = small.attempts(cell)
            assert (attempt.state, attempt.node, attempt.tries) == (State.PROVEN, one["node"], 1)
            assert client.images.get(attempt.reference).id == one["digest"] == attempt.digest
            assert {client.images.get(tag).id for tag in one["tags"]} == {one["digest"]}
            away = {tag for image in there.images.list() for tag in image.tags}
            assert (attempt.reference in away) == (one["node"] == "second")
            if attempt.reference in away:
                assert there.images.get(attempt.reference).id == one["digest"]
            assert (attempt.digest in examined_there) == (one["node"] == "second")
    assert small.idle()
    assert nothing_left(small, client)


def test_the_embedded_engine_takes_the_contexts_of_the_user(
    engine: Engine, second: SecondEngine, tmp_path: Path, client: docker.DockerClient
) -> None:
    """Where the first engine is the embedded one, its client directory has the user's contexts, by links."""
    variables = {"DOCKER_HOST": engine.host, "DOCKER_CONFIG": second.environment["DOCKER_CONFIG"]}
    small = Small.at(tmp_path).within(variables)
    small.matrix(lines=LINE)
    small.config(builders=[SECOND])
    called = small("build", AMD64, "--json")
    assert called.code == 0, called.err
    (one,) = by_cell(called).values()
    assert one["node"] == "second"
    assert client.images.get(one["tags"][0]).id == one["digest"]


def test_a_native_builder_wins_over_emulation(small: Small, client: docker.DockerClient) -> None:
    cells = small.matrix()
    small.config(builders=[{**DEFAULT, "slots": 4}, NATIVE])
    called = small("build", "--json")
    assert called.code == 0, called.err
    nodes = {name: one["node"] for name, one in by_cell(called).items()}
    assert nodes == {cell: "second" if cell.endswith("arm64v8") else "default" for cell in cells}
    assert {one.execution for one in small.attempts()} == {"native"}
    assert small.idle()
    assert nothing_left(small, client)


def test_what_was_emulated_is_as_good_when_a_native_builder_comes(small: Small) -> None:
    small.matrix(lines=LINE)
    small.config(builders=[DEFAULT])
    called = small("build", "--json", ARM64)
    assert called.code == 0, called.err
    assert small.attempts(ARM64)[0].execution.startswith("emulated (QEMU ")
    small.config(builders=[DEFAULT, NATIVE])
    again = small("build", "--json", ARM64)
    assert (again.code, by_cell(again)[ARM64]["action"]) == (0, "nothing"), again.err
    assert len(small.attempts()) == 1
    assert small("plan", "--json", ARM64).document["cells"][0]["action"] == "nothing"


def test_a_builder_that_hangs_is_given_up_and_its_cell_goes_elsewhere(
    small: Small, second: SecondEngine, client: docker.DockerClient
) -> None:
    sleep = nap(3)
    small.matrix(lines=LINE, more=f" && {sleep}")
    # No more than one try: a builder that is lost costs none. As many seconds of silence natively as emulated.
    small.config(builders=[DEFAULT, SECOND], silence_minutes=0.15, emulation_factor=1, retries={"attempts": 1})
    with small.started("build", "--json") as going:
        wait_for_nap(second, sleep)
        with second.frozen():
            called = going.ended(seconds=90)
    assert called.code == 0, called.err
    assert called.err.count("warning: builder second ") == 1
    assert {one["node"] for one in by_cell(called).values()} == {"default"}
    lost = [one for one in small.attempts() if one.state is State.FAILED]
    assert [(one.node, one.failure_class) for one in lost] == [("second", "engine lost")]
    assert "silent for 9 s" in lost[0].message
    assert small.idle()
    assert nothing_left(small, client, sleep)


def test_a_builder_that_is_killed_costs_its_cells_no_try(
    small: Small, second: SecondEngine, client: docker.DockerClient
) -> None:
    """From here on the second engine is dead."""
    sleep = nap(5)
    cells = small.matrix(more=f" && {sleep}")
    small.config(builders=[{**DEFAULT, "slots": 2}, {**SECOND, "slots": 2}], retries={"attempts": 1})
    with small.started("build", "--json") as going:
        wait_for_nap(second, sleep)
        second.kill()
        called = going.ended(seconds=90)
    assert called.code == 0, called.err
    assert called.err.count("warning: builder second ") == 1
    results = by_cell(called)
    assert {one["node"] for one in results.values()} == {"default"}
    assert all(one["ok"] for one in results.values())
    lost = [one for one in small.attempts() if one.state is State.FAILED]
    assert {(one.node, one.failure_class) for one in lost} == {("second", "engine lost")}
    assert {one.cell for one in lost} <= set(cells)
    assert small.idle()
    assert nothing_left(small, client, sleep)


def test_what_came_home_is_proven_there_when_its_builder_is_killed_during_the_proof(
    engine: Engine, host: str, tmp_path: Path, client: docker.DockerClient
) -> None:
    sleep = nap(4)
    with second_engine(engine, name="third") as third:
        small = Small.at(tmp_path, {**third.environment, "DOCKER_HOST": host})
        small.matrix(lines=LINE, more=f"\nCMD {sleep}; cat /small")
        # Of several commands in a Dockerfile the last one counts, which is the template's own.
        template = tmp_path / "dockerfile-templates" / "slim.Dockerfile.j2"
        template.write_text(template.read_text(encoding="utf-8").replace('CMD ["cat", "/small"]\n', ""))
        small.config(builders=[DEFAULT, {**SECOND, "name": "third"}], retries={"attempts": 1})
        with small.started("build", "--json") as going:
            wait_for_nap(third, sleep)
            third.kill()
            called = going.ended(seconds=90)
        assert called.code == 0, called.err
        assert called.err.count("warning: builder third ") == 1
        assert {one["node"] for one in by_cell(called).values()} == {"default"}
        # One build each: the image was at home already.
        built = {one.cell: one.node for one in small.attempts()}
        assert set(built.values()) == {"default", "third"}
        assert len(small.attempts()) == 2
        assert small.idle()
        assert nothing_left(small, client, sleep)


def test_a_native_builder_that_is_dead_at_the_start_is_left_out_and_emulation_takes_over(
    small: Small, client: docker.DockerClient
) -> None:
    small.matrix(lines=LINE)
    small.config(builders=[DEFAULT, NATIVE])
    called = small("build", "--json")
    assert called.code == 0, called.err
    assert called.err.count("warning: builder second: ") == 1
    assert "(it is left out)" in called.err
    assert {one["node"] for one in by_cell(called).values()} == {"default"}
    assert small.attempts(ARM64)[0].execution.startswith("emulated (QEMU ")
    assert small.idle()
    assert nothing_left(small, client)


def test_without_emulation_the_cells_of_a_dead_builder_fail_and_the_others_finish(
    small: Small, client: docker.DockerClient
) -> None:
    small.matrix(lines=LINE)
    small.config(builders=[DEFAULT, NATIVE], emulation="never")
    called = small("build", "--json")
    results = by_cell(called)
    assert (results[AMD64]["ok"], results[AMD64]["node"]) == (True, "default")
    assert results[ARM64]["failure"]["class"] == "emulator missing"
    assert "no living builder runs linux/arm64/v8" in results[ARM64]["failure"]["message"]
    assert (called.code, results[ARM64]["tries"]) == (4, 0)
    assert [one.cell for one in small.attempts()] == [AMD64]
    assert nothing_left(small, client)
