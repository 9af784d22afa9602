"""What a build is told that is tried again with another setting."""

from __future__ import annotations

import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.matrix.model import Matrix
from orchestrator.pipeline.building import with_arguments
from orchestrator.prove.dockerfile import instructions
from orchestrator.render.tree import render_images
from tests.unit.pipeline.fakes import World


def test_arguments_are_declared_where_it_compiles_and_leave_nothing_in_the_history(
    matrix: Matrix, debian_matrix: Matrix
) -> None:
    for one in (matrix, debian_matrix):
        for rendered in render_images(one, one.images):
            changed = with_arguments(rendered.text, {"QEMU_CPU": "cortex-a57"})
            assert changed.count("\nARG QEMU_CPU\n") == 1
            assert changed.index("\nARG QEMU_CPU\n") < changed.index("\nRUN ./configure")
            assert instructions(changed) == instructions(rendered.text)
            assert with_arguments(rendered.text, {}) == rendered.text


@pytest.mark.parametrize(("architecture", "setting"), [("arm64v8", "QEMU_CPU=cortex-a57"), ("amd64", "")])
def test_a_crashed_emulator_is_tried_once_more_with_a_plainer_cpu(
    world: World, architecture: str, setting: str
) -> None:
    world.builder.failing[f"3.9-slim-bullseye-{architecture}"] = FailureClass.EMULATOR_CRASH
    (cell,) = (one for one in world.cells("3.9-slim-bullseye") if one.architecture.name == architecture)
    (result,) = world.run((cell,))
    assert (result.ok, result.tries) == (False, 2)
    second, first = world.shop.ledger.attempts(cell.id)
    assert (first.setting, first.tries, second.setting, second.tries) == ("", 1, setting, 2)
    assert first.key == second.key
    assert [dict(request.arguments) for request in world.builder.requests] == [
        {}, {"QEMU_CPU": "cortex-a57"} if setting else {},
    ]  # fmt: skip
