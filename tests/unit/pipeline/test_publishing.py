"""What is published, held back and remembered after a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.config.settings import Settings
from orchestrator.errors import ExitCode
from orchestrator.ledger.records import Start
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.nightly import run_nightly
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.publishing import publish_cells
from orchestrator.pipeline.workshop import Workshop
from tests.unit.pipeline.fakes import NAMES, FakeIngredients, World


def test_an_image_without_one_of_its_architectures_is_held_back_and_its_neighbour_goes_on(world: World) -> None:
    held, neighbour = world.cells("3.9-slim-bullseye"), world.cells("2.7-slim-bullseye")
    world.builder.failing[held[1].id] = FailureClass.COMPILE
    world.run((*held, *neighbour))
    report = publish_cells(world.shop, (held[0], *neighbour), NAMES)
    assert report.held_back == {"3.9-slim-bullseye": "not proven as the files say now: 3.9-slim-bullseye-arm64v8"}
    assert not any(":3.9" in name for name in world.engine.registry)
    assert "localhost:5000/library/python:2.7.18-slim" in world.engine.indexes
    rows = world.shop.ledger._connection.execute("SELECT reference FROM publications").fetchall()
    assert {name for (name,) in rows} == {one.reference for one in report.published} == set(world.engine.registry)


def test_an_image_that_cannot_be_pushed_does_not_hold_back_its_neighbour(world: World) -> None:
    bad, good = world.cells("3.9-slim-bullseye"), world.cells("2.7-slim-bullseye")
    world.run((*bad, *good))
    world.engine.trouble["localhost:5000/amd64/python:3.9.2-slim-bullseye"] = ["denied"] * 99
    report = publish_cells(world.shop, (*bad, *good), NAMES)
    assert set(report.held_back) == {"3.9-slim-bullseye"}
    assert "denied" in report.held_back["3.9-slim-bullseye"]
    assert "localhost:5000/library/python:2.7.18-slim" in world.engine.indexes


def test_a_dry_run_names_everything_and_touches_nothing(world: World) -> None:
    cells = world.cells("2.7-slim-bullseye")
    world.run(cells)
    dry = publish_cells(world.shop, cells, NAMES, dry_run=True)
    assert world.engine.registry == {}
    assert world.shop.ledger._connection.execute("SELECT count(*) FROM publications").fetchone() == (0,)
    real = publish_cells(world.shop, cells, NAMES)
    assert {one.reference for one in dry.published} == {one.reference for one in real.published}


def test_an_image_of_another_recipe_is_not_published_under_todays_tags(world: World) -> None:
    cells = world.cells("2.7-slim-bullseye")
    world.run(cells)
    world.change("ingredients = json_set(ingredients, '$.dockerfile', 'yesterday')")
    report = publish_cells(world.shop, cells, NAMES)
    assert set(report.held_back) == {"2.7-slim-bullseye"}
    assert world.engine.registry == {}


def test_a_later_failure_does_not_take_a_proven_image_back(world: World) -> None:
    cells = world.cells("2.7-slim-bullseye")
    world.run(cells)
    run = world.shop.ledger.start_run("build")
    attempt = world.shop.ledger.start_attempt(
        run, Start(cell=cells[0].id, key="k", execution="native", log="", ingredients={"dockerfile": "tried"})
    )
    world.shop.ledger.failed(attempt, failure_class="compile error", message="no", seconds=1)
    assert publish_cells(world.shop, cells, NAMES).held_back == {}


@pytest.mark.parametrize("registry", [None, "localhost:5000"])
def test_a_night_builds_proves_and_publishes_where_there_is_a_registry(
    world: World, monkeypatch: pytest.MonkeyPatch, registry: str | None
) -> None:
    cells = world.cells("2.7-slim-bullseye")
    given: Any = FakeIngredients()

    def prepare(_shop: Workshop, cells: Sequence[Cell]) -> Prepared:
        return Prepared(planned=world.plan(cells), farm=world.farm, bases=given, inputs=given)

    monkeypatch.setattr("orchestrator.pipeline.nightly.prepare", prepare)
    shop = dataclasses.replace(world.shop, settings=Settings(registry=registry))
    night = run_nightly(shop, cells, world.board)
    assert night.code is ExitCode.DONE
    assert [result.ok for result in night.results] == [True, True]
    assert len(night.published) == (0 if registry is None else 18)
    codes = world.shop.ledger._connection.execute("SELECT command, exit_code FROM runs ORDER BY id").fetchall()
    assert codes == [("nightly", 0)] + ([("publish", 0)] if registry else [])


def test_a_night_that_is_interrupted_publishes_nothing_and_tells_what_it_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = world.cells("2.7-slim-bullseye")
    given: Any = FakeIngredients()

    def prepare(_shop: Workshop, cells: Sequence[Cell]) -> Prepared:
        return Prepared(planned=world.plan(cells), farm=world.farm, bases=given, inputs=given)

    monkeypatch.setattr("orchestrator.pipeline.nightly.prepare", prepare)
    shop = dataclasses.replace(world.shop, settings=Settings(registry="localhost:5000"))
    world.board.interrupt = "make"
    night = run_nightly(shop, cells, world.board)
    assert night.code is ExitCode.INTERRUPTED
    assert night.published == ()
    assert len(night.results) == 2
    assert not any(result.ok for result in night.results)
    codes = world.shop.ledger._connection.execute("SELECT command, exit_code FROM runs ORDER BY id").fetchall()
    assert codes == [("nightly", 130)]
