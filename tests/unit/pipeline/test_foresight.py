"""A plan without an engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.pipeline.foresight import foresee
from orchestrator.plan.plan import Action
from tests.unit.pipeline.fakes import World


def test_a_plan_without_an_engine_takes_base_and_emulator_as_last_time(world: World) -> None:
    cells = world.cells("2.7-slim-bullseye")
    shop = world.shop
    before = foresee(shop.matrix, cells, shop.places).planned
    assert [one.reason for one in before] == ["new: there is no attempt at it yet"] * 2
    world.run(cells)
    after = foresee(shop.matrix, cells, shop.places).planned
    assert [one.action for one in after] == [Action.NOTHING] * 2
    assert [one.known.execution.emulator for one in after] == ["", "qemu 10"]


def test_an_image_is_ready_when_all_its_architectures_are_proven(world: World) -> None:
    shop = world.shop
    half = world.cells("3.9-slim-bullseye")
    whole = world.cells("2.7-slim-bullseye")
    world.run((half[0], *whole))
    assert list(foresee(shop.matrix, (*half, *whole), shop.places).publications) == [
        {"image": "3.9-slim-bullseye", "ready": False, "waiting_for": [half[1].id]},
        {"image": "2.7-slim-bullseye", "ready": True, "waiting_for": []},
    ]


def test_foreseeing_makes_no_ledger(world: World, tmp_path: Path) -> None:
    elsewhere = replace(world.shop.places, state=tmp_path / "elsewhere")
    foresee(world.shop.matrix, world.cells("2.7-slim-bullseye"), elsewhere)
    assert not elsewhere.state.exists()
