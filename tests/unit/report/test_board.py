"""What a person sees of a run where there is no terminal, and on one."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from orchestrator.matrix.model import Cell, Matrix
from orchestrator.plan.plan import Action
from orchestrator.report.board import ConsoleBoard
from tests.unit.report.fakes import FAILURE, planned, result

STEPS = (
    "[internal] load build definition from Dockerfile",
    "[base 1/2] RUN apt-get update",
    "[build 1/9] RUN apt-get update  && apt-get install -y gcc",
    "[build 4/9] RUN ./configure",
    "[build 5/9] RUN make -j 2",
    "[build 5/9] RUN make -j 2",
    "[prove 1/2] architecture/platform",
    "[prove 2/2] pip/install",
)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def cell(matrix: Matrix) -> Cell:
    return matrix.cells[0]


def plain(out: io.StringIO) -> ConsoleBoard:
    return ConsoleBoard(Console(file=out, force_terminal=False, no_color=True, width=200, highlight=False))


def lines(out: io.StringIO) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in out.getvalue().splitlines()]


def test_plain_output_says_each_phase_once(out: io.StringIO, cell: Cell) -> None:
    board = plain(out)
    board.begin(planned(cell, emulator="qemu 10"))
    for step in STEPS:
        board.step(planned(cell), step)
    board.end(result(cell))
    assert lines(out) == [
        f"{cell.id}: build, emulated (qemu 10): new",
        f"{cell.id}: packages (after 0 s)",
        f"{cell.id}: configure (after 0 s)",
        f"{cell.id}: compile (after 0 s)",
        f"{cell.id}: prove (after 0 s)",
        f"{cell.id}: built and proven in 1:05 (1 proofs passed)",
    ]
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in out.getvalue().splitlines())
    assert "\x1b" not in out.getvalue()


def test_the_phases_of_the_next_cell_are_said_again(out: io.StringIO, matrix: Matrix) -> None:
    board = plain(out)
    for cell in matrix.cells[:2]:
        board.begin(planned(cell))
        board.step(planned(cell), STEPS[3])
        board.end(result(cell))
    assert sum("configure" in line for line in lines(out)) == 2


def test_a_failure_shows_its_last_lines_as_they_are_and_where_the_log_is(out: io.StringIO, cell: Cell) -> None:
    board = plain(out)
    board.begin(planned(cell))
    board.end(result(cell, failure=FAILURE))
    assert lines(out)[1:] == [
        f"{cell.id}: FAILED (compile error): [build 5/9] RUN make",
        "    cc: [red]error[/red]",
        "    make: *** [all] Error 2",
        "    whole log: /logs/cell.log",
    ]


def test_a_cell_with_nothing_to_do_is_one_line(out: io.StringIO, cell: Cell) -> None:
    board = plain(out)
    board.begin(planned(cell, Action.NOTHING))
    board.end(result(cell, before=True))
    assert lines(out) == [f"{cell.id}: nothing to do (new)"]


def test_on_a_terminal_the_phase_stands_in_a_live_line_that_is_taken_away(out: io.StringIO, cell: Cell) -> None:
    console = Console(file=out, force_terminal=True, width=200)
    board = ConsoleBoard(console)
    board.begin(planned(cell))
    for step in STEPS:
        board.step(planned(cell), step)
    live = board._live
    assert live is not None
    board.end(result(cell))
    assert not live.is_started
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "configure (after" not in seen
    assert "built and proven in 1:05" in seen
