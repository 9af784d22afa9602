"""A cell's proofs after its build: which peers, what a refusal leaves behind, and what happens when the engine goes away."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import DockerException
from requests.exceptions import ReadTimeout

from orchestrator.build.failure import FailureClass
from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.inputs.model import StoredInput
from orchestrator.ledger.records import State
from orchestrator.matrix.model import Line
from orchestrator.pipeline import proving
from orchestrator.plan.plan import Action
from orchestrator.prove.fingerprint import fingerprint
from orchestrator.prove.model import Outcome
from tests.unit.pipeline.fakes import FakeIngredients, World

IMAGE = "3.9-slim-bullseye"
AMD, ARM = f"{IMAGE}-amd64", f"{IMAGE}-arm64v8"


def test_an_image_is_compared_with_those_that_are_proven_and_there(world: World) -> None:
    world.run(world.cells(IMAGE))
    assert world.prover.peers == [[], [ARM]]
    assert world.prover.emulated == [True, False]


def test_a_peer_is_proven_of_the_same_dockerfile_and_still_in_the_engine(world: World) -> None:
    amd64, arm64 = world.cells(IMAGE)
    world.run((amd64,))
    reference = next(name for name in world.engine.images_by_name if name.startswith("orchestrator.local/"))
    digest = world.engine.images_by_name.pop(reference)
    world.run((arm64,))
    world.engine.images_by_name[reference] = digest
    for change in (
        "state = 'failed'",
        "state = 'proven', ingredients = json_set(ingredients, '$.dockerfile', 'other')",
    ):
        world.change(change, AMD)
        world.change("state = 'failed'", ARM)
        world.run((arm64,))
    assert world.prover.peers == [[], [], [], []]


def test_a_refused_image_keeps_its_findings_and_what_was_said(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    world.prover.refusing[AMD] = "pip/version"
    (result,) = world.run((cell,))
    assert result.failure is not None
    assert (result.failure.kind, result.failure.message) == (FailureClass.PROOF, "pip/version: as told")
    attempt = result.attempt
    assert attempt is not None
    assert (attempt.state, attempt.message) == (State.FAILED, "pip/version: as told")
    assert [one.verdict for one in attempt.proofs] == ["passed", "failed"]
    (log,) = world.shop.places.logs.iterdir()
    assert str(log) == attempt.log
    assert log.read_text(encoding="utf-8") == "=== pip/version FAILED: as told\nall\nthat was said\n"


def test_an_image_that_other_proofs_proved_is_proven_again_without_a_build(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    world.run((cell,))
    world.change("proven_by = 'yesterday'")
    (result,) = world.run((cell,))
    assert (result.planned.action, result.ok, result.done_before) == (Action.PROVE, True, False)
    assert len(world.builder.requests) == 1
    assert len(world.prover.subjects) == 2
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert attempt.proven_by == fingerprint()


@pytest.mark.parametrize("error", [DockerException("gone"), ReadTimeout("slow")])
def test_an_engine_that_goes_away_fails_the_cell_but_what_is_built_stays_built(world: World, error: Exception) -> None:
    (cell, _) = world.cells(IMAGE)
    world.prover.trouble = error
    (result,) = world.run((cell,))
    assert result.failure is not None
    assert (result.failure.kind, len(world.prover.subjects)) == (FailureClass.ENGINE_LOST, 4)
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.seconds) == (State.BUILT, 3.0)
    world.prover.trouble = None
    (again,) = world.run((cell,))
    assert (again.planned.action, again.ok, len(world.builder.requests)) == (Action.PROVE, True, 1)


def test_an_engine_that_goes_away_does_not_fail_what_was_proven_before(world: World) -> None:
    (cell, _) = world.cells(IMAGE)
    world.run((cell,))
    world.change("proven_by = 'yesterday'")
    world.prover.trouble = DockerException("gone")
    (result,) = world.run((cell,))
    assert not result.ok
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert attempt.state is State.PROVEN


def test_an_interruption_is_no_result(world: World) -> None:
    cells = world.cells(IMAGE)
    world.board.interrupt = "make"
    with pytest.raises(KeyboardInterrupt):
        world.run(cells)
    assert len(world.builder.requests) == 1
    assert world.board.log[-1] == ("close", "")
    states = [one.state for one in map(world.shop.ledger.latest, (cell.id for cell in cells)) if one is not None]
    assert states == [State.BUILT]


def test_proofs_that_were_stopped_in_the_middle_prove_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def prove(*arguments: Any, **more: Any) -> tuple[Outcome, ...]:
        made = world.prover(*arguments, **more)
        world.shop.cancellation.cancel()
        return made

    monkeypatch.setattr(proving, "prove", prove)
    (cell, _) = world.cells(IMAGE)
    (result,) = world.run((cell,))
    assert result.failure is not None
    assert result.failure.kind is FailureClass.CANCELLED
    attempt = world.shop.ledger.latest(cell.id)
    assert attempt is not None
    assert (attempt.state, attempt.proofs) == (State.BUILT, ())
    assert not any(name.startswith("amd64/") for name in world.engine.images_by_name)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (VerificationError("other bytes", mend="ask"), FailureClass.CHECKSUM),
        (UnreachableError("no route"), FailureClass.NETWORK),
    ],
)
def test_a_missing_input_fails_only_its_cell(
    world: World, monkeypatch: pytest.MonkeyPatch, error: VerificationError | UnreachableError, kind: FailureClass
) -> None:
    def source(_: object, line: Line) -> StoredInput:
        if line.name == "3.9":
            raise error
        return FakeIngredients.wheels(FakeIngredients(), ())

    monkeypatch.setattr(FakeIngredients, "source", source)
    (bad, _), (good, _) = world.cells(IMAGE), world.cells("2.7-slim-bullseye")
    first, second = world.run((bad, good))
    assert first.failure is not None
    assert (first.failure.kind, first.failure.message) == (kind, error.message)
    assert first.failure.tail == (("mend: ask",) if error.mend else ())
    assert first.attempt is not None
    assert (first.attempt.state, first.attempt.failure_class) == (State.FAILED, str(kind))
    assert second.ok
