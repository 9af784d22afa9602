"""How long a stage is expected to take."""

from __future__ import annotations

from orchestrator.ledger.records import Seen
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.schedule.durations import EMULATED, Durations, prior
from orchestrator.schedule.model import Stage


def of(matrix: Matrix, name: str) -> Cell:
    return next(cell for cell in matrix.cells if cell.id == name)


def seen(cell: str, seconds: float, *, emulated: bool = False, machine: str = "here", stage: str = "build") -> Seen:
    return Seen(cell=cell, stage=stage, emulated=emulated, machine=machine, seconds=seconds)


def test_before_anything_was_seen_a_prior_orders_the_cells(matrix: Matrix) -> None:
    nothing = Durations()
    old, new = of(matrix, "2.7-slim-stretch-amd64"), of(matrix, "3.7-slim-stretch-amd64")
    assert (
        60 < nothing.expect(old, Stage.BUILD, emulated=False) < nothing.expect(new, Stage.BUILD, emulated=False) < 200
    )
    assert nothing.expect(old, Stage.BUILD, emulated=True) == prior(old, Stage.BUILD) * EMULATED[Stage.BUILD]
    assert nothing.expect(old, Stage.PROVE, emulated=False) < 30


def test_what_was_seen_on_the_machine_counts_before_what_was_seen_elsewhere(matrix: Matrix) -> None:
    cell = of(matrix, "3.7-slim-stretch-amd64")
    durations = Durations(
        seen=[seen(cell.id, 50, machine="there"), seen(cell.id, 80), seen(cell.id, 90), seen(cell.id, 100)]
    )
    assert durations.expect(cell, Stage.BUILD, emulated=False, machine="here") == 90
    assert durations.expect(cell, Stage.BUILD, emulated=False, machine="there") == 50
    assert durations.expect(cell, Stage.BUILD, emulated=False, machine="new") == 85


def test_the_newest_five_count(matrix: Matrix) -> None:
    cell = of(matrix, "3.7-slim-stretch-amd64")
    durations = Durations(seen=[*[seen(cell.id, 10)] * 5, *[seen(cell.id, 1000)] * 50])
    assert durations.expect(cell, Stage.BUILD, emulated=False, machine="here") == 10


def test_another_way_or_architecture_of_the_image_is_better_than_the_prior(matrix: Matrix) -> None:
    amd, arm = of(matrix, "3.7-slim-stretch-amd64"), of(matrix, "3.7-slim-stretch-arm64v8")
    durations = Durations(seen=[seen(amd.id, 200)])
    assert durations.expect(amd, Stage.BUILD, emulated=True) == 200 * EMULATED[Stage.BUILD]
    assert durations.expect(arm, Stage.BUILD, emulated=True) == 200 * EMULATED[Stage.BUILD]
    assert durations.expect(arm, Stage.BUILD, emulated=False) == 200
    assert durations.expect(arm, Stage.PROVE, emulated=False) == prior(arm, Stage.PROVE)
    emulated = Durations(seen=[seen(arm.id, 3400, emulated=True)])
    assert emulated.expect(amd, Stage.BUILD, emulated=False) == 200
