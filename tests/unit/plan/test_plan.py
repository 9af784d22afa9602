"""Every reason that a plan can give, with what is done for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.build.execution import Execution
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.plan.key import key_for
from orchestrator.plan.plan import Action, Known, PlannedCell, plan_cell

KNOWN = Known(dockerfile="FROM x\n", base_digest="sha256:" + "a" * 64, execution=Execution())
REFERENCE, DIGEST = "local/x:k", "sha256:1"
PRESENT = {REFERENCE: DIGEST}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@pytest.fixture
def cell(matrix: Matrix) -> Cell:
    return matrix.cells[0]


def remember(ledger: Ledger, cell: Cell, known: Known = KNOWN, *, state: str = "proven", **changes: str) -> None:
    key = key_for(cell, dockerfile=known.dockerfile, base_digest=known.base_digest, execution=known.execution)
    number = ledger.start_attempt(
        ledger.start_run("build"),
        Start(
            cell=cell.id,
            key="other" if changes else key.value,
            execution=str(known.execution),
            log="",
            ingredients=dict(key.ingredients) | changes,
            reference=REFERENCE,
            dockerfile=known.dockerfile,
        ),
    )
    if state == "failed":
        ledger.failed(number, failure_class="network", message="no route to host", seconds=1.0)
    if state in {"built", "proven"}:
        ledger.built(number, reference=REFERENCE, digest=DIGEST, size=1, seconds=1.0, phases=())
    if state == "proven":
        passed = ProofRecord(name="architecture/machine", verdict="passed", detail="", seconds=0.0)
        ledger.proved(number, [passed], catalogue=known.proofs)


def planned(ledger: Ledger, cell: Cell, known: Known = KNOWN, *, force: bool = False) -> PlannedCell:
    return plan_cell(cell, known, ledger, present=PRESENT, force=force)


def test_a_cell_that_was_never_tried_is_new(ledger: Ledger, cell: Cell) -> None:
    plan = planned(ledger, cell)
    assert (plan.action, plan.reason) == (Action.BUILD, "new: there is no attempt at it yet")
    assert plan.attempt is None


def test_proven_and_present_means_nothing_to_do(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    plan = planned(ledger, cell)
    assert plan.action is Action.NOTHING
    assert plan.reason.endswith("with the same key")
    assert plan.attempt is not None
    assert plan.attempt.digest == DIGEST


@pytest.mark.parametrize("present", [{}, {REFERENCE: "sha256:somebody-else"}])
def test_proven_but_gone_or_replaced_is_built_again(ledger: Ledger, cell: Cell, present: dict[str, str]) -> None:
    remember(ledger, cell)
    plan = plan_cell(cell, KNOWN, ledger, present=present)
    assert (plan.action, plan.reason) == (Action.BUILD, "proven, but its image is no longer in the engine")


def test_without_an_engine_the_ledger_is_trusted(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    assert plan_cell(cell, KNOWN, ledger, present=None).action is Action.NOTHING


@pytest.mark.parametrize("present", [PRESENT, None])
def test_proven_by_other_proofs_is_proven_again_without_a_build(
    ledger: Ledger, cell: Cell, present: dict[str, str] | None
) -> None:
    remember(ledger, cell, dataclasses.replace(KNOWN, proofs="yesterday's"))
    plan = plan_cell(cell, dataclasses.replace(KNOWN, proofs="today's"), ledger, present=present)
    assert (plan.action, plan.reason) == (
        Action.PROVE,
        "built, but the proofs have changed since (the catalogue of proofs is another one)",
    )
    assert plan.attempt is not None
    assert plan.attempt.reference == REFERENCE


def test_proven_by_other_proofs_but_gone_is_built_again(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    plan = plan_cell(cell, dataclasses.replace(KNOWN, proofs="today's"), ledger, present={})
    assert (plan.action, plan.reason) == (Action.BUILD, "proven, but its image is no longer in the engine")


def test_force_builds_what_is_proven(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    plan = planned(ledger, cell, force=True)
    assert (plan.action, plan.reason) == (Action.BUILD, "asked for with --force")


def test_built_but_not_proven_is_proven(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="built")
    plan = planned(ledger, cell)
    assert (plan.action, plan.reason) == (Action.PROVE, "built, but not proven yet")
    assert plan.attempt is not None
    assert plan.attempt.reference == REFERENCE


def test_built_but_gone_is_built_again_and_says_so(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="built")
    plan = plan_cell(cell, KNOWN, ledger, present={})
    assert plan.action is Action.BUILD
    assert plan.reason == "built, but not proven, and its image is no longer in the engine"


def test_a_failed_attempt_is_tried_again_with_its_cause_told(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="failed")
    plan = planned(ledger, cell)
    assert (plan.action, plan.reason) == (Action.BUILD, "the last attempt failed: network: no route to host")


def test_an_attempt_that_was_killed_is_tried_again(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="running")
    plan = plan_cell(cell, KNOWN, ledger, present={})
    assert (plan.action, plan.reason) == (Action.BUILD, "the last attempt did not end")


def test_what_a_killed_run_left_whole_is_only_proven(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="running")
    plan = planned(ledger, cell)
    assert (plan.action, plan.reason) == (Action.PROVE, "built by a run that was killed, but not proven yet")
    assert plan_cell(cell, KNOWN, ledger, present=None).action is Action.BUILD


def test_a_way_to_execute_that_is_as_good_is_accepted(ledger: Ledger, cell: Cell) -> None:
    emulated = Execution(emulator="qemu 10")
    remember(ledger, cell, dataclasses.replace(KNOWN, execution=emulated))
    plan = planned(ledger, cell, dataclasses.replace(KNOWN, alternatives=(emulated,)))
    assert plan.action is Action.NOTHING
    assert plan.reason.endswith("with the same key (emulated (qemu 10), which is as good)")
    assert planned(ledger, cell).reason == "executed differently: emulated (qemu 10) before, native now"


def test_a_moved_base_is_named_by_both_digests(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, Known(dockerfile=KNOWN.dockerfile, base_digest="sha256:" + "b" * 64, execution=Execution()))
    plan = planned(ledger, cell)
    assert (plan.action, plan.reason) == (Action.BUILD, "the base moved from bbbbbbbbbbbb to aaaaaaaaaaaa")


def test_a_base_that_is_not_known_yet_is_said_to_be_unknown(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    plan = planned(ledger, cell, Known(dockerfile=KNOWN.dockerfile, base_digest="", execution=Execution()))
    assert plan.reason == "the base moved from aaaaaaaaaaaa to (unknown)"


def test_another_dockerfile_is_a_changed_recipe(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, Known(dockerfile="FROM y\n", base_digest=KNOWN.base_digest, execution=Execution()))
    assert planned(ledger, cell).reason == 'the recipe changed: line 1 is now "FROM x", was "FROM y"'


def test_another_emulator_is_named_with_the_former_one(ledger: Ledger, cell: Cell) -> None:
    remember(
        ledger,
        cell,
        Known(dockerfile=KNOWN.dockerfile, base_digest=KNOWN.base_digest, execution=Execution(emulator="qemu 10.0")),
    )
    assert planned(ledger, cell).reason == "executed differently: emulated (qemu 10.0) before, native now"


def test_several_changes_are_all_told(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, Known(dockerfile="FROM y\n", base_digest="", execution=Execution()))
    assert planned(ledger, cell).reason == (
        'the recipe changed: line 1 is now "FROM x", was "FROM y"; the base moved from (unknown) to aaaaaaaaaaaa'
    )


def test_another_format_or_platform_is_named(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, format="0", platform="linux/other")
    assert planned(ledger, cell).reason == (
        "keys are made in another way by this version of the orchestrator (form 0 before, 2 now); the platform changed from linux/other to linux/amd64"
    )


def test_a_key_that_changed_without_a_known_ingredient_still_has_a_reason(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, forgotten="yes")
    assert planned(ledger, cell).reason == "the key changed"


def test_going_back_to_a_proven_key_needs_no_build(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell)
    remember(ledger, cell, Known(dockerfile="FROM y\n", base_digest="", execution=Execution()), state="failed")
    assert planned(ledger, cell).action is Action.NOTHING


def test_planning_writes_nothing(ledger: Ledger, cell: Cell) -> None:
    remember(ledger, cell, state="failed")
    before = ledger.attempts(), ledger._connection.total_changes
    planned(ledger, cell)
    planned(ledger, cell, force=True)
    assert (ledger.attempts(), ledger._connection.total_changes) == before
