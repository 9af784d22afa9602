"""Builders of a run that hang, and platforms that none of them runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.build.execution import Execution
from orchestrator.build.failure import FailureClass
from orchestrator.config.settings import Emulation
from orchestrator.pipeline.farm import Farm
from tests.unit.pipeline.fakes import World

IMAGE = "3.9-slim-bullseye"


@pytest.mark.parametrize(
    ("kind", "answers", "class_"),
    [
        (FailureClass.SILENCE, False, "engine lost"),
        (FailureClass.TIMEOUT, False, "engine lost"),
        (FailureClass.SILENCE, True, "silence"),
        (FailureClass.TIMEOUT, True, "timeout"),
        (FailureClass.COMPILE, False, "compile error"),
    ],
)
def test_a_silent_build_is_blamed_on_its_builder_where_that_does_not_answer(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    kind: FailureClass,
    answers: bool,  # noqa: FBT001 - a parameter of the test
    class_: str,
) -> None:
    (cell, _) = world.cells(IMAGE)
    monkeypatch.setattr(Farm, "alive", lambda *_: answers)
    world.builder.failing = {cell.id: kind}
    world.run([cell])
    (attempt,) = world.shop.ledger.attempts(cell.id)
    assert attempt.failure_class == class_
    assert ("its builder does not answer" in attempt.message) == (class_ == "engine lost")


def test_what_no_living_builder_runs_would_be_native(world: World) -> None:
    (amd, arm) = world.cells(IMAGE)
    assert world.farm.executions(arm) == (Execution(emulator="qemu 10"),)
    never = replace(world.farm, emulation=Emulation.NEVER)
    assert never.executions(amd) == never.executions(arm) == (Execution(),)


def test_cells_that_no_builder_runs_fail_and_the_others_are_built(world: World) -> None:
    settings = world.shop.settings.model_copy(update={"emulation": Emulation.NEVER})
    shop: Any = replace(world.shop, settings=settings)
    world.shop = shop
    built, left = world.run(world.cells(IMAGE))
    assert (built.ok, left.ok, left.tries) == (True, False, 0)
    assert left.failure is not None
    assert left.failure.kind is FailureClass.EMULATOR_MISSING
