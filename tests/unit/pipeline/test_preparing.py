"""What is found out before a run: bases, emulators, what is in the engine, which proofs there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException

from orchestrator.bases.model import Base
from orchestrator.build.execution import Execution
from orchestrator.config.settings import Settings
from orchestrator.engine.connection import connect
from orchestrator.engine.model import Engine
from orchestrator.errors import EnvironmentFailedError, ExitCode, UnreachableError
from orchestrator.matrix.model import Cell, Matrix, Platform
from orchestrator.pipeline import preparing
from orchestrator.pipeline import workshop as workshop_module
from orchestrator.pipeline.preparing import prepare
from orchestrator.pipeline.run import exit_code, run_cells
from orchestrator.pipeline.workshop import open_workshop
from orchestrator.plan.plan import Action
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.system.progress import Silent
from tests.unit.pipeline.fakes import FakeClient, FakeIngredients, World

IMAGE = "3.9-slim-bullseye"


class FakeBases(FakeIngredients):
    """Bases of which some cannot be had."""

    def __init__(self) -> None:
        self.gone = False

    def check(self, cells: Sequence[Cell]) -> None:
        assert cells
        if self.gone:
            raise UnreachableError("no base")


@pytest.fixture
def bases(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeBases:
    fake = FakeBases()
    monkeypatch.setattr(preparing, "_bases", lambda *_: fake)
    monkeypatch.setattr(preparing, "sweep", lambda _: 0)
    monkeypatch.setattr(preparing, "end_orphans", lambda: 0)
    monkeypatch.setattr(preparing, "sweep_scratch", lambda *_: [])
    monkeypatch.setattr(preparing, "open_farm", lambda *_: world.farm)
    return fake


def test_a_plan_knows_base_emulator_and_proofs(world: World, bases: FakeBases) -> None:
    cells = world.cells(IMAGE)
    prepared = prepare(world.shop, cells)
    given: Any = prepared.bases
    assert given is bases
    assert [one.cell for one in prepared.planned] == list(cells)
    assert [one.known.execution.emulator for one in prepared.planned] == ["", "qemu 10"]
    assert {(one.known.base_digest, one.known.proofs) for one in prepared.planned} == {("sha256:base", fingerprint())}


def test_what_is_proven_is_planned_so_unless_it_is_forced(world: World, bases: FakeBases) -> None:
    cells = world.cells(IMAGE)
    world.run(cells)
    assert not bases.gone
    assert {one.action for one in prepare(world.shop, cells).planned} == {Action.NOTHING}
    assert {one.action for one in prepare(world.shop, cells, force=True).planned} == {Action.BUILD}


def test_a_base_that_cannot_be_had_ends_it_before_anything_is_fetched(
    world: World, bases: FakeBases, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases.gone = True
    monkeypatch.setattr(preparing, "open_farm", lambda *_: pytest.fail("an emulator was fetched"))
    with pytest.raises(UnreachableError):
        prepare(world.shop, world.cells(IMAGE))


def test_executions_are_by_architecture(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def __init__(self, *, native: bool) -> None:
            self.native = native
            self.emulator = "qemu 10"

    def ensure(platforms: Iterable[Platform], *_: Any) -> dict[Platform, Found]:
        return {one: Found(native=one.architecture == "amd64") for one in platforms}

    monkeypatch.setattr(workshop_module, "ensure_emulation", ensure)
    found = world.shop.executions(world.cells(IMAGE))
    assert found == {"amd64": Execution(), "arm64v8": Execution(emulator="qemu 10")}


def test_a_base_that_cannot_be_had_fails_its_cells_and_no_others(
    world: World, bases: FakeBases, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, lost = world.cells(IMAGE), world.cells("2.7-bullseye")
    assert bases.gone is False

    def resolve(self: FakeBases, cell: Cell) -> Base:
        if cell.image.variant.name == "bullseye":
            raise UnreachableError("no such base", mend="ask")
        return FakeIngredients.resolve(self, cell)

    monkeypatch.setattr(FakeBases, "resolve", resolve)
    prepared = prepare(world.shop, (*lost, *whole))
    assert set(prepared.missing) == {cell.id for cell in lost}
    inputs: Any = FakeIngredients()
    ready = replace(prepared, inputs=inputs)
    results = run_cells(world.shop, world.shop.ledger.start_run("build"), ready, world.board)
    assert [one.ok for one in results] == [False, False, True, True]
    assert [one.failure.message for one in results if one.failure is not None] == ["no such base"] * 2
    assert exit_code(results) is ExitCode.UNREACHABLE
    with pytest.raises(UnreachableError, match="no such base"):
        prepare(world.shop, lost)


class Opened:
    """In the place of the engine for a run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, *_: Any) -> Opened:
        return self

    def __enter__(self) -> Engine:
        return self.engine

    def __exit__(self, *_: object) -> None:
        pass


def test_a_workshop_is_opened_with_one_connection_and_closes_it(
    world: World, debian_matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(workshop_module, "engine_for_work", Opened(world.shop.engine))
    client = FakeClient()
    asked: list[dict[str, Any]] = []

    def opened(**options: Any) -> FakeClient:
        asked.append(options)
        return client

    monkeypatch.setattr(docker, "from_env", opened)
    with open_workshop(debian_matrix, Settings(), Silent()) as shop:
        used: Any = shop.client
        assert used is client
        assert shop.ledger.path == tmp_path / "orchestrator" / "ledger.sqlite"
    assert client.closed == 1
    (options,) = asked
    assert (options["environment"]["DOCKER_HOST"], options["use_ssh_client"]) == ("unix:///x", False)

    def refuse(**_: Any) -> FakeClient:
        raise DockerException("refused")

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(EnvironmentFailedError, match="the engine at unix:///x does not answer"):
        connect(world.shop.engine)
