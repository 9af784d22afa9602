"""A run over cells and publishing after it, with a real ledger and fakes for everything outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import docker
import pytest

from orchestrator.bases.model import Base, How
from orchestrator.build.buildx import BuildRequest, BuildResult
from orchestrator.build.execution import Execution
from orchestrator.build.failure import Failure, FailureClass
from orchestrator.build.phases import Phase, PhaseName
from orchestrator.config.settings import Settings
from orchestrator.engine.model import Engine
from orchestrator.errors import ExitCode
from orchestrator.inputs.model import StoredInput
from orchestrator.ledger.ledger import Ledger, open_ledger
from orchestrator.ledger.records import State
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.pipeline import cell as cell_module
from orchestrator.pipeline import publishing
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.foresight import foresee, publications
from orchestrator.pipeline.nightly import run_nightly
from orchestrator.pipeline.publishing import publish_cells
from orchestrator.pipeline.run import Board, Prepared, exit_code, run_cells
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Action, Known, PlannedCell, plan_cell
from orchestrator.prove.model import Outcome
from orchestrator.publish.names import Names, local_references
from orchestrator.render.tree import render_images
from orchestrator.system.places import Places
from orchestrator.system.process import Cancellation
from orchestrator.system.progress import Silent
from tests.unit.publish.fakes import FakeEngine

NAMES = Names(registry="localhost:5000", namespace="library", repository="python")


class FakeBuilder:
    """In the place of `build`: puts an image into the engine, or fails as told."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.failing: dict[str, FailureClass] = {}
        self.requests: list[BuildRequest] = []
        self.dockerfiles: list[str] = []

    def __call__(self, request: BuildRequest, *, on_step: Callable[[str], None], **_: Any) -> BuildResult:
        self.requests.append(request)
        self.dockerfiles.append((request.directory / "Dockerfile").read_text(encoding="utf-8"))
        on_step("[build 5/9] RUN make -j 2")
        kind = next((kind for word, kind in self.failing.items() if f"/{word}:" in request.reference), None)
        failure = None if kind is None else Failure(kind=kind, message="as told")
        if failure is None:
            self.engine.images_by_name[request.reference] = f"sha256:{len(self.requests)}"
        phases = (Phase(name=PhaseName.COMPILE, seconds=2.0, cached=False),)
        return BuildResult(phases=phases, seconds=3.0, failure=failure)


class FakeBoard(Board):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []

    def begin(self, planned: PlannedCell) -> None:
        self.log.append(("begin", planned.cell.id))

    def step(self, planned: PlannedCell, step: str) -> None:
        self.log.append((step, planned.cell.id))

    def end(self, result: CellResult) -> None:
        self.log.append(("end", result.cell.id))


class FakeIngredients:
    """In the place of both resolvers."""

    def resolve(self, cell: Cell) -> Base:
        return Base(
            reference=cell.image.variant.base, architecture=cell.architecture.name, layout=None, digest="sha256:base",
            built="", how=How.REGISTRY, size=1, seconds=0.0,
        )  # fmt: skip

    def source(self, _line: object) -> StoredInput:
        return StoredInput(directory=Path("/inputs/source"), digest="sha256:s", files=("x.tar.xz",))

    def wheels(self, _pins: object) -> StoredInput:
        return StoredInput(directory=Path("/inputs/wheels"), digest="sha256:w", files=())


@dataclass
class World:
    shop: Workshop
    engine: FakeEngine
    builder: FakeBuilder
    board: FakeBoard
    unproven: set[str]

    def run(self, cells: tuple[Cell, ...], *, fail_fast: bool = False) -> tuple[CellResult, ...]:
        texts = {
            one.image.id: one.text
            for one in render_images(self.shop.matrix, tuple({c.image.id: c.image for c in cells}.values()))
        }
        planned = []
        for cell in cells:
            emulator = "qemu 10" if cell.architecture.name == "arm64v8" else ""
            known = Known(
                dockerfile=texts[cell.image.id], base_digest="sha256:base", execution=Execution(emulator=emulator)
            )
            planned.append(plan_cell(cell, known, self.shop.ledger, present=self.engine.images_by_name))
        given: Any = FakeIngredients()
        prepared = Prepared(planned=tuple(planned), bases=given, inputs=given)
        number = self.shop.ledger.start_run("build")
        return run_cells(self.shop, number, prepared, self.board, fail_fast=fail_fast)


class FakeClient(FakeEngine):
    """The engine of publishing, whose images also have a size."""

    def get(self, name: str) -> Any:
        image: Any = super().get(name)
        image.attrs = {"Size": 1000}
        return image


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "state" / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def world(debian_matrix: Matrix, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    engine = FakeClient()
    builder = FakeBuilder(engine)
    unproven: set[str] = set()

    def prove(subject: Any) -> tuple[Outcome, ...]:
        good = subject not in unproven
        return (Outcome(name="machine", passed=good, detail="" if good else "wrong machine", seconds=0.1),)

    monkeypatch.setattr(cell_module, "build", builder)
    monkeypatch.setattr(cell_module, "ContainerSubject", lambda _client, cell, _reference, timeout: cell.id)  # noqa: ARG005
    monkeypatch.setattr(cell_module, "prove", prove)
    monkeypatch.setattr(publishing, "run", engine.run)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    shop = Workshop(
        matrix=debian_matrix,
        settings=Settings(timeout_minutes=10, emulation_factor=6),
        places=Places(cache=tmp_path / "cache", state=tmp_path / "state"),
        progress=Silent(),
        engine=Engine(
            host="unix:///x", docker="/usr/bin/docker", environment={}, embedded=False, version="28", api="1.45",
            buildx_version="0.13", containerd_store=True, architecture="amd64", local=True, platforms=(), data_root="",
        ),
        client=cast("docker.DockerClient", engine),
        ledger=ledger,
        cancellation=Cancellation(),
    )  # fmt: skip
    return World(shop=shop, engine=engine, builder=builder, board=FakeBoard(), unproven=unproven)


def cells_of(world: World, image: str) -> tuple[Cell, ...]:
    return tuple(cell for cell in world.shop.matrix.cells if cell.image.id == image)


def test_a_cell_is_built_privately_proven_and_only_then_tagged(world: World) -> None:
    (cell,) = (one for one in cells_of(world, "3.9-slim-bullseye") if one.architecture.name == "amd64")
    (result,) = world.run((cell,))
    assert result.ok
    (request,) = world.builder.requests
    assert request.reference.startswith("orchestrator.local/python/3.9-slim-bullseye-amd64:")
    assert request.platform == "linux/amd64"
    assert dict(request.contexts) == {
        "debian:bullseye-slim": "docker-image://debian:bullseye-slim@sha256:base",
        "python-source": "/inputs/source",
        "python-wheels": "/inputs/wheels",
    }
    assert world.builder.dockerfiles[0] == result.planned.known.dockerfile
    assert set(local_references(world.shop.matrix, cell)) < set(world.engine.images_by_name)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.size, attempt.digest) == (State.PROVEN, 1000, "sha256:1")
    assert attempt.log == str(request.log)
    assert [entry for entry, _ in world.board.log] == ["begin", "[build 5/9] RUN make -j 2", "[prove]", "end"]


def test_native_cells_go_first_emulated_ones_have_longer_and_results_keep_the_plans_order(world: World) -> None:
    amd64, arm64 = cells_of(world, "3.9-slim-bullseye")
    results = world.run((arm64, amd64))
    assert [result.cell for result in results] == [arm64, amd64]
    assert [request.platform for request in world.builder.requests] == ["linux/amd64", "linux/arm64/v8"]
    assert [request.timeout for request in world.builder.requests] == [600, 3600]


def test_a_second_run_does_nothing_but_makes_sure_of_the_tags(world: World) -> None:
    cells = cells_of(world, "3.9-slim-bullseye")
    world.run(cells)
    name = local_references(world.shop.matrix, cells[0])[0]
    del world.engine.images_by_name[name]
    results = world.run(cells)
    assert all(result.done_before and result.ok for result in results)
    assert len(world.builder.requests) == 2
    assert name in world.engine.images_by_name


def test_a_failure_does_not_stop_the_others_and_is_remembered(world: World) -> None:
    world.builder.failing["3.9-slim-bullseye-amd64"] = FailureClass.NETWORK
    cells = cells_of(world, "3.9-slim-bullseye")
    bad, good = world.run(cells)
    assert (bad.ok, good.ok) == (False, True)
    assert bad.tags == ()
    assert exit_code((bad, good)) is ExitCode.UNREACHABLE
    attempt = world.shop.ledger.latest(bad.cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.failure_class) == (State.FAILED, "network")
    assert attempt.phases[0].name == "compile"
    again = world.run(cells)
    assert again[0].planned.reason == "the last attempt failed: network: as told"


def test_fail_fast_stops_after_the_first_failure(world: World) -> None:
    world.builder.failing["3.9-slim-bullseye-amd64"] = FailureClass.COMPILE
    results = world.run(cells_of(world, "3.9-slim-bullseye"), fail_fast=True)
    assert [result.ok for result in results] == [False]


def test_what_is_not_proven_gets_no_tag(world: World) -> None:
    world.unproven.add("3.9-slim-bullseye-amd64")
    amd64, arm64 = world.run(cells_of(world, "3.9-slim-bullseye"))
    assert amd64.failure is not None
    assert (amd64.failure.kind, amd64.failure.message) == (FailureClass.ARCHITECTURE, "machine: wrong machine")
    assert not any(name.startswith("amd64/") for name in world.engine.images_by_name)
    assert any(name.startswith("arm64v8/") for name in world.engine.images_by_name)
    assert arm64.ok


def test_built_by_a_killed_run_is_proven_without_a_build(world: World) -> None:
    (cell, _) = cells_of(world, "3.9-slim-bullseye")
    world.run((cell,))
    world.shop.ledger._connection.execute("UPDATE attempts SET state = 'built'")
    world.shop.ledger._connection.commit()
    (result,) = world.run((cell,))
    assert result.planned.action is Action.PROVE
    assert result.ok
    assert len(world.builder.requests) == 1


def test_exit_codes_are_shared_or_general() -> None:
    def failed(kind: FailureClass | None) -> CellResult:
        failure = None if kind is None else Failure(kind=kind, message="")
        planned: Any = None
        return CellResult(planned=planned, attempt=None, failure=failure, tags=(), seconds=0.0)

    checksum, network, gone = (
        failed(kind) for kind in (FailureClass.CHECKSUM, FailureClass.NETWORK, FailureClass.UPSTREAM_GONE)
    )
    assert exit_code(()) is ExitCode.DONE
    assert exit_code((failed(None), checksum)) is ExitCode.VERIFICATION
    assert exit_code((network, gone)) is ExitCode.UNREACHABLE
    assert exit_code((checksum, network)) is ExitCode.CELLS_FAILED


def test_an_image_without_one_of_its_architectures_is_held_back_and_its_neighbour_goes_on(world: World) -> None:
    held, neighbour = cells_of(world, "3.9-slim-bullseye"), cells_of(world, "2.7-slim-bullseye")
    world.builder.failing[held[1].id] = FailureClass.COMPILE
    world.run((*held, *neighbour))
    report = publish_cells(world.shop, (held[0], *neighbour), NAMES)
    assert report.held_back == {"3.9-slim-bullseye": "not proven as the files say now: 3.9-slim-bullseye-arm64v8"}
    assert not any(":3.9" in name for name in world.engine.registry)
    assert "localhost:5000/library/python:2.7.18-slim" in world.engine.indexes
    rows = world.shop.ledger._connection.execute("SELECT reference FROM publications").fetchall()
    assert {name for (name,) in rows} == {one.reference for one in report.published} == set(world.engine.registry)


def test_an_image_that_cannot_be_pushed_does_not_hold_back_its_neighbour(world: World) -> None:
    bad, good = cells_of(world, "3.9-slim-bullseye"), cells_of(world, "2.7-slim-bullseye")
    world.run((*bad, *good))
    world.engine.trouble["localhost:5000/amd64/python:3.9.2-slim-bullseye"] = ["denied"] * 99
    report = publish_cells(world.shop, (*bad, *good), NAMES)
    assert set(report.held_back) == {"3.9-slim-bullseye"}
    assert "denied" in report.held_back["3.9-slim-bullseye"]
    assert "localhost:5000/library/python:2.7.18-slim" in world.engine.indexes


def test_a_dry_run_names_everything_and_touches_nothing(world: World) -> None:
    cells = cells_of(world, "2.7-slim-bullseye")
    world.run(cells)
    dry = publish_cells(world.shop, cells, NAMES, dry_run=True)
    assert world.engine.registry == {}
    assert world.shop.ledger._connection.execute("SELECT count(*) FROM publications").fetchone() == (0,)
    real = publish_cells(world.shop, cells, NAMES)
    assert {one.reference for one in dry.published} == {one.reference for one in real.published}


def test_a_plan_without_an_engine_takes_base_and_emulator_as_last_time(world: World) -> None:
    cells = cells_of(world, "2.7-slim-bullseye")
    shop = world.shop
    before = foresee(shop.matrix, cells, shop.places)
    assert [one.reason for one in before] == ["new: there is no attempt at it yet"] * 2
    world.run(cells)
    after = foresee(shop.matrix, cells, shop.places)
    assert [one.action for one in after] == [Action.NOTHING] * 2
    assert [one.known.execution.emulator for one in after] == ["", "qemu 10"]


def test_an_image_is_ready_when_all_its_architectures_are_proven(world: World) -> None:
    shop = world.shop
    half = cells_of(world, "3.9-slim-bullseye")
    whole = cells_of(world, "2.7-slim-bullseye")
    world.run((half[0], *whole))
    assert publications(shop.matrix, foresee(shop.matrix, (*half, *whole), shop.places)) == [
        {"image": "3.9-slim-bullseye", "ready": False, "waiting_for": [half[1].id]},
        {"image": "2.7-slim-bullseye", "ready": True, "waiting_for": []},
    ]


def test_foreseeing_makes_no_ledger(world: World, tmp_path: Path) -> None:
    elsewhere = replace(world.shop.places, state=tmp_path / "elsewhere")
    foresee(world.shop.matrix, cells_of(world, "2.7-slim-bullseye"), elsewhere)
    assert not elsewhere.state.exists()


def test_an_image_of_another_recipe_is_not_published_under_todays_tags(world: World) -> None:
    cells = cells_of(world, "2.7-slim-bullseye")
    world.run(cells)
    world.shop.ledger._connection.execute(
        "UPDATE attempts SET ingredients = json_set(ingredients, '$.dockerfile', 'yesterday')"
    )
    world.shop.ledger._connection.commit()
    report = publish_cells(world.shop, cells, NAMES)
    assert set(report.held_back) == {"2.7-slim-bullseye"}
    assert world.engine.registry == {}


def test_a_later_failure_does_not_take_a_proven_image_back(world: World) -> None:
    cells = cells_of(world, "2.7-slim-bullseye")
    world.run(cells)
    run = world.shop.ledger.start_run("build")
    attempt = world.shop.ledger.start_attempt(
        run, cell=cells[0].id, key="k", execution="native", log="", ingredients={"dockerfile": "tried"}
    )
    world.shop.ledger.failed(attempt, failure_class="compile error", message="no", seconds=1)
    assert publish_cells(world.shop, cells, NAMES).held_back == {}


@pytest.mark.parametrize("registry", [None, "localhost:5000"])
def test_a_night_builds_proves_and_publishes_where_there_is_a_registry(
    world: World, monkeypatch: pytest.MonkeyPatch, registry: str | None
) -> None:
    cells = cells_of(world, "2.7-slim-bullseye")
    given: Any = FakeIngredients()
    texts = {one.image.id: one.text for one in render_images(world.shop.matrix, (cells[0].image,))}

    def prepare(shop: Workshop, _cells: object) -> Prepared:
        known = Known(dockerfile=texts[cells[0].image.id], base_digest="sha256:base", execution=Execution())
        planned = tuple(plan_cell(cell, known, shop.ledger, present=world.engine.images_by_name) for cell in cells)
        return Prepared(planned=planned, bases=given, inputs=given)

    monkeypatch.setattr("orchestrator.pipeline.nightly.prepare", prepare)
    shop = dataclasses.replace(world.shop, settings=Settings(registry=registry))
    night = run_nightly(shop, cells, world.board)
    assert night.code is ExitCode.DONE
    assert [result.ok for result in night.results] == [True, True]
    assert len(night.published) == (0 if registry is None else 18)
    codes = world.shop.ledger._connection.execute("SELECT command, exit_code FROM runs ORDER BY id").fetchall()
    assert codes == [("nightly", 0)] + ([("publish", 0)] if registry else [])
