"""The live picture in all sizes."""

from __future__ import annotations

import re

import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.plan.plan import Action
from orchestrator.report.glyphs import ASCII, UNICODE
from orchestrator.report.status import Status
from orchestrator.report.view import View
from orchestrator.schedule.model import Node, Stage
from tests.unit.report.fakes import FAILURE, FAR, NEAR, Clock, assignment, outlook, planned, result

COMPILE = "[build 5/9] RUN make -j 2"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status(clock: Clock) -> Status:
    return Status(clock)


def started(status: Status, matrix: Matrix, count: int, *, nodes: tuple[Node, ...] = (NEAR, FAR)) -> None:
    """Begin cells, every second one on the second node, of as many and two more."""
    plans = [planned(cell) for cell in matrix.cells[: count + 2]]
    status.open(outlook(plans, nodes=nodes))
    for number, plan in enumerate(plans[:count]):
        node = nodes[number % len(nodes)]
        status.begin(plan, assignment(plan.cell, node=node.name, emulated=number == 0))
        status.step(plan, COMPILE)


def drawn(status: Status, width: int = 120, height: int = 20) -> list[str]:
    return [line.plain for line in View(status, ASCII).lines(width, height)]


def test_a_cell_has_its_step_its_clocks_what_is_left_and_where(status: Status, clock: Clock, matrix: Matrix) -> None:
    started(status, matrix, 2)
    clock.now += 60
    status.step(planned(matrix.cells[1]), "[build 6/9] RUN make install")
    clock.now += 5
    first, second, totals = drawn(status, width=140)
    assert re.split(" {2,}", first[2:]) == [
        matrix.cells[0].id, "compile 5/9", "1:05", "1:05 in all", "about 4 min left", "emulated on near",
    ]  # fmt: skip
    assert re.split(" {2,}", second[2:]) == [
        matrix.cells[1].id, "install 6/9", "5 s", "1:05 in all", "about 4 min left", "native on far",
    ]  # fmt: skip
    assert totals == (
        "0 done, 0 failed, 2 running, 2 waiting, of 4 | about 9 min left | slots in use: near 1/2 (1 emulated), far 1/4"
    )


def test_with_one_node_it_is_not_named_in_every_line(status: Status, matrix: Matrix) -> None:
    started(status, matrix, 1, nodes=(NEAR,))
    assert drawn(status)[0].endswith("  emulated")


def test_what_is_late_says_so_and_what_nobody_knows_says_nothing(status: Status, clock: Clock, matrix: Matrix) -> None:
    known, unknown = matrix.cells[:2]
    status.open(outlook([planned(known), planned(unknown)], seconds=100))
    status.begin(planned(known), assignment(known, expected=60))
    status.begin(planned(unknown), assignment(unknown, expected=0))
    clock.now += 58
    assert "any moment" in drawn(status)[0]
    clock.now += 182
    first, second, totals = drawn(status)
    assert "overdue +3 min" in first
    assert not any(word in second for word in ("left", "moment", "overdue"))
    assert "overdue +2 min" in totals
    status.expect(-500)
    assert "any moment" in drawn(status)[2]


def test_a_retry_counts_down_below_the_others_and_then_says_which_try_it_is(
    status: Status, clock: Clock, matrix: Matrix
) -> None:
    started(status, matrix, 2)
    plan = planned(matrix.cells[0])
    status.retry(plan, 8)
    clock.now += 3
    other, waiting, totals = drawn(status)
    assert matrix.cells[1].id in other
    assert waiting.startswith(f"  {plan.cell.id}")
    assert "try 2 in 5 s" in waiting
    assert "1 running, 3 waiting, of 4" in totals
    assert "near 0/2" in totals
    clock.now += 9
    assert "try 2 soon" in drawn(status)[1]
    status.begin(plan, assignment(plan.cell, tries=2))
    assert drawn(status)[0].endswith("try 2")
    assert "12 s in all" in drawn(status)[0]


def test_totals_follow_what_ended_and_leave_out_what_had_nothing_to_do(status: Status, matrix: Matrix) -> None:
    cells = matrix.cells[:6]
    idle = planned(cells[5], Action.NOTHING)
    status.open(outlook([*(planned(cell) for cell in cells[:5]), idle]))
    for cell in cells[:3]:
        status.begin(planned(cell), assignment(cell))
    status.end(result(cells[5], before=True))
    status.end(result(cells[0]))
    status.end(result(cells[1], failure=FAILURE))
    assert "1 done, 1 failed, 1 running, 2 waiting, of 5" in drawn(status)[-1]


def test_proving_is_a_phase_with_steps(status: Status, matrix: Matrix) -> None:
    cell = matrix.cells[0]
    status.open(outlook([planned(cell)]))
    status.begin(planned(cell), assignment(cell, stage=Stage.PROVE))
    assert " prove  0 s" in drawn(status)[0]
    status.step(planned(cell), "[prove 3/57] pip/version")
    assert " prove 3/57 " in drawn(status)[0]


def test_a_step_of_a_cell_that_never_began_is_nothing(status: Status, matrix: Matrix) -> None:
    assert status.step(planned(matrix.cells[0]), COMPILE) is None
    status.retry(planned(matrix.cells[0]), 3)
    assert status.cells == ()


@pytest.mark.parametrize("height", range(1, 16))
@pytest.mark.parametrize("width", [1, 10, 20, 40, 80, 200])
def test_it_fits_into_any_terminal(status: Status, matrix: Matrix, width: int, height: int) -> None:
    started(status, matrix, 9)
    status.retry(planned(matrix.cells[2]), 100)
    status.begin(planned(matrix.cells[3]), assignment(matrix.cells[3], tries=3))
    for glyphs in (ASCII, UNICODE):
        lines = [line.plain for line in View(status, glyphs).lines(width, height)]
        assert 1 <= len(lines) <= height
        assert all(len(line) <= width for line in lines)


def test_those_that_do_not_fit_are_counted(status: Status, matrix: Matrix) -> None:
    started(status, matrix, 9)
    lines = drawn(status, height=6)
    assert [matrix.cells[number].id in line for number, line in enumerate(lines[:4])] == [True] * 4
    assert lines[4:5] == ["  and 5 more"]
    assert "9 running" in lines[5]
    assert len(drawn(status, height=10)) == 10
    assert not any("more" in line for line in drawn(status, height=10))


def test_forty_columns_still_show_the_cell_its_phase_and_the_totals(
    status: Status, clock: Clock, matrix: Matrix
) -> None:
    started(status, matrix, 3)
    clock.now += 200
    *cells, totals, slots = drawn(status, width=40)
    assert all(cell.id in line and "compile 5/9" in line for cell, line in zip(matrix.cells, cells, strict=False))
    assert totals == "0/5 done, 3 running | about 7 min left"
    assert slots == "slots in use: near 2/2 (1 emulated), ..."


def test_a_cell_is_cut_before_its_phase_is(status: Status, matrix: Matrix) -> None:
    started(status, matrix, 1)
    assert drawn(status, width=26)[0].endswith("...  compile 5/9")
