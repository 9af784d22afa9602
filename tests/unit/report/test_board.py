"""What a person sees of a run where there is no terminal, and on one."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pytest

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.matrix.model import Cell, Matrix
from orchestrator.pipeline.board import Board
from orchestrator.plan.plan import Action
from orchestrator.report.area import above
from orchestrator.report.board import ConsoleBoard
from orchestrator.report.console import ConsoleProgress
from orchestrator.schedule.model import Stage
from tests.unit.report.fakes import (
    FAILURE,
    FAR,
    NEAR,
    Clock,
    Screen,
    assignment,
    outlook,
    pipe,
    planned,
    result,
    terminal,
)

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
NETWORK = Failure(kind=FailureClass.NETWORK, message="Could not resolve :host:")


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cell(matrix: Matrix) -> Cell:
    return matrix.cells[0]


def plain(out: io.StringIO, clock: Clock, environment: Mapping[str, str] | None = None) -> ConsoleBoard:
    return ConsoleBoard(pipe(out), environment=environment or {}, clock=clock)


def live(out: io.StringIO, clock: Clock, *, width: int = 100, height: int = 30) -> ConsoleBoard:
    console = terminal(out, width=width, height=height)
    return ConsoleBoard(console, environment={"LANG": "C.UTF-8", "TERM": "xterm"}, clock=clock)


def lines(out: io.StringIO) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in out.getvalue().splitlines()]


def rows(out: io.StringIO) -> list[str]:
    """What stands on the terminal."""
    return [row for row in Screen(re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())).rows if row]


def test_plain_output_says_each_phase_once(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board: Board = plain(out, clock)
    plan = planned(cell, emulator="qemu 10")
    board.open(outlook([plan]))
    board.begin(plan, assignment(cell, emulated=True))
    for step in STEPS[:-2]:
        board.step(plan, step)
        clock.now += 5
    board.begin(plan, assignment(cell, stage=Stage.PROVE))
    for step in STEPS[-2:]:
        board.step(plan, step)
    board.end(result(cell))
    board.close()
    assert lines(out) == [
        f"{cell.id}: build, emulated (qemu 10): new",
        f"{cell.id}: packages (after 5 s)",
        f"{cell.id}: configure (after 15 s)",
        f"{cell.id}: compile (after 20 s)",
        f"{cell.id}: prove (after 30 s)",
        f"{cell.id}: built and proven in 1:05 (1 proof passed)",
    ]
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in out.getvalue().splitlines())
    assert "\x1b" not in out.getvalue()


def test_cells_interleave_and_each_has_its_own_phases(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = plain(out, clock)
    plans = [planned(cell) for cell in matrix.cells[:2]]
    board.open(outlook(plans, nodes=(NEAR, FAR)))
    for plan, node in zip(plans, ("near", "far"), strict=True):
        board.begin(plan, assignment(plan.cell, node=node))
    for plan in plans:
        board.step(plan, STEPS[3])
    for plan, node in zip(plans, ("near", "far"), strict=True):
        board.end(result(plan.cell, node=node))
    one, two = (plan.cell.id for plan in plans)
    assert lines(out) == [
        f"{one}: build, native on near: new",
        f"{two}: build, native on far: new",
        f"{one}: configure (after 0 s)",
        f"{two}: configure (after 0 s)",
        f"{one}: built and proven in 1:05 on near (1 proof passed)",
        f"{two}: built and proven in 1:05 on far (1 proof passed)",
    ]


def test_the_way_it_was_given_out_counts_not_the_way_it_was_planned(
    out: io.StringIO, clock: Clock, matrix: Matrix
) -> None:
    board = plain(out, clock)
    one, two = matrix.cells[:2]
    board.begin(planned(one, emulator="qemu 10"), assignment(one))
    board.begin(planned(two), assignment(two, emulated=True))
    assert lines(out) == [f"{one.id}: build, native: new", f"{two.id}: build, emulated: new"]


def test_a_retry_is_a_line_and_its_phases_are_said_again(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = plain(out, clock)
    board.open(outlook([planned(cell)]))
    board.begin(planned(cell), assignment(cell))
    board.step(planned(cell), STEPS[3])
    board.retry(planned(cell), NETWORK, tries=1, seconds=8)
    clock.now += 8
    board.begin(planned(cell), assignment(cell, tries=2))
    board.step(planned(cell), STEPS[3])
    board.end(result(cell, tries=2))
    assert lines(out)[1:] == [
        f"{cell.id}: configure (after 0 s)",
        f"{cell.id}: network: Could not resolve :host:; try 2 in 8 s",
        f"{cell.id}: configure (after 8 s)",
        f"{cell.id}: built and proven in 1:05, after 2 tries (1 proof passed)",
    ]


def test_a_failure_shows_its_last_lines_as_they_are_and_where_the_log_is(
    out: io.StringIO, clock: Clock, cell: Cell
) -> None:
    board = plain(out, clock)
    board.begin(planned(cell), assignment(cell))
    board.end(result(cell, failure=FAILURE, tries=3))
    assert lines(out)[1:] == [
        f"{cell.id}: FAILED (compile error, after 3 tries): [build 5/9] RUN make",
        "    cc: [red]error[/red]",
        "    make: *** [all] Error 2",
        "    whole log: /logs/cell.log",
    ]


def test_twenty_lines_of_a_log_are_enough_and_none_is_obeyed(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    tail = (*(f"line {number}" for number in range(30)), "\x1b[2Jcleared", "x" * 300)
    board = plain(out, clock)
    board.end(result(cell, failure=Failure(kind=FailureClass.COMPILE, message="m\x1b[1A", tail=tail)))
    assert lines(out)[0].endswith("FAILED (compile error): m")
    assert lines(out)[1] == "    line 12"
    assert lines(out)[-3:-1] == ["    cleared", "    " + "x" * 300]
    assert len(lines(out)) == 1 + 20 + 1


def test_many_cells_with_nothing_to_do_are_one_line(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = plain(out, clock)
    idle = [planned(cell, Action.NOTHING) for cell in matrix.cells[:4]]
    board.open(outlook(idle))
    for plan in idle:
        board.begin(plan, assignment(plan.cell))
        board.end(result(plan.cell, before=True))
    board.close()
    assert lines(out) == ["4 cells have nothing to do"]


def test_one_of_many_is_singular_and_may_fail_nevertheless(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = plain(out, clock)
    board.open(outlook([planned(matrix.cells[0], Action.NOTHING), *(planned(cell) for cell in matrix.cells[1:5])]))
    board.end(result(matrix.cells[0], failure=FAILURE))
    assert lines(out)[0] == "1 cell has nothing to do"
    assert "FAILED" in lines(out)[1]


def test_a_few_cells_with_nothing_to_do_are_a_line_each(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = plain(out, clock)
    board.open(outlook([planned(cell, Action.NOTHING) for cell in matrix.cells[:3]]))
    for cell in matrix.cells[:3]:
        board.end(result(cell, before=True))
    assert lines(out) == [f"{cell.id}: nothing to do (new)" for cell in matrix.cells[:3]]


def test_what_was_only_proven_was_not_built(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = plain(out, clock)
    plan = planned(cell, Action.PROVE)
    board.open(outlook([plan]))
    board.begin(plan, assignment(cell, stage=Stage.PROVE))
    board.step(plan, STEPS[-1])
    board.end(result(cell, action=Action.PROVE))
    assert lines(out) == [f"{cell.id}: prove, native: new", f"{cell.id}: proven in 1:05 (1 proof passed)"]


def test_after_a_minute_of_silence_it_says_what_runs_but_not_more_often(
    out: io.StringIO, clock: Clock, matrix: Matrix
) -> None:
    board = plain(out, clock)
    plans = [planned(cell) for cell in matrix.cells[:9]]
    board.open(outlook(plans, seconds=900))
    for plan in plans[:8]:
        board.begin(plan, assignment(plan.cell))
        board.step(plan, STEPS[4])
    board.retry(plans[0], NETWORK, tries=1, seconds=90)
    said = len(lines(out))
    for _ in range(59):
        clock.now += 1
        board.step(plans[1], STEPS[4])
        board.expect(600)
    assert len(lines(out)) == said
    for _ in range(5):
        clock.now += 1
        board.expect(600)
    (beat,) = lines(out)[said:]
    ids = [plan.cell.id for plan in plans]
    assert beat == (
        f"still running: {', '.join(f'{one} (compile 1:00)' for one in ids[1:7])}, and 2 more; "
        "0 done, 0 failed, 2 waiting, of 9; about 10 min left"
    )
    clock.now += 60
    board.step(plans[1], STEPS[4])
    assert len(lines(out)) == said + 2


def test_before_anything_runs_there_is_no_heartbeat(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = plain(out, clock)
    board.open(outlook([planned(cell)]))
    clock.now += 600
    board.expect(600)
    assert out.getvalue() == ""


def test_a_run_that_is_stopped_says_what_did_not_end_once(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = plain(out, clock)
    plans = [planned(cell) for cell in matrix.cells[:2]]
    for plan in plans:
        board.begin(plan, assignment(plan.cell))
    board.close()
    board.close()
    assert lines(out)[2:] == [f"stopped before the end of {matrix.cells[0].id}, {matrix.cells[1].id}"]


def test_github_gets_an_error_and_a_group(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = plain(out, clock, {"GITHUB_ACTIONS": "true"})
    board.end(result(cell, failure=FAILURE))
    said = out.getvalue().splitlines()
    assert said[0] == f"::error title={cell.id}::{cell.id}: FAILED (compile error): [build 5/9] RUN make"
    assert said[1] == f"::group::{cell.id}: the last 2 lines of its log"
    assert said[3:5] == ["    cc: [red]error[/red]", "    make: *** [all] Error 2"]
    assert said[6:] == ["::endgroup::", "    whole log: /logs/cell.log"]


def test_gitlab_gets_a_section_with_its_control_characters(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = plain(out, clock, {"GITLAB_CI": "true"})
    board.end(result(cell, failure=FAILURE))
    said = out.getvalue().split("\n")
    assert re.match(rf"\d\d:\d\d:\d\d {cell.id}: FAILED \(compile error\)", said[0])
    assert re.fullmatch(
        r"\x1b\[0Ksection_start:\d+:log_\S+\[collapsed=true\]\r\x1b\[0K\S+: the last 2 lines of its log", said[1]
    )
    assert re.fullmatch(r"\x1b\[0Ksection_end:\d+:log_\S+\r\x1b\[0K", said[4])


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "xterm", "GITHUB_ACTIONS": "true"}])
def test_a_dumb_terminal_and_a_ci_system_get_plain_lines(
    out: io.StringIO, clock: Clock, cell: Cell, environment: dict[str, str]
) -> None:
    board = ConsoleBoard(terminal(out), environment=environment, clock=clock)
    board.open(outlook([planned(cell)]))
    board.begin(planned(cell), assignment(cell))
    board.step(planned(cell), STEPS[3])
    board.close()
    assert "configure (after 0 s)" in out.getvalue()
    assert "\x1b[2K" not in out.getvalue()


def test_on_a_terminal_there_is_a_live_picture_that_is_taken_away(
    out: io.StringIO, clock: Clock, matrix: Matrix
) -> None:
    board = live(out, clock)
    plans = [planned(cell) for cell in matrix.cells[:2]]
    board.open(outlook(plans))
    for plan in plans:
        board.begin(plan, assignment(plan.cell))
        for step in STEPS[:5]:
            board.step(plan, step)
    assert board._area is not None
    board._area.refresh()
    first, second = (plan.cell.id for plan in plans)
    seen = rows(out)
    assert seen[:2] == [f"{first}: build, native: new", f"{second}: build, native: new"]
    assert re.match(rf". {first}  +compile 5/9  0 s  ", seen[2])
    assert "0 done, 0 failed, 2 running, 0 waiting, of 2 · about 10 min left · slots in use: near 2/2" in seen[4]
    board.end(result(plans[0].cell))
    board.end(result(plans[1].cell, failure=FAILURE))
    board.close()
    assert rows(out)[2:] == [
        f"{first}: built and proven in 1:05 (1 proof passed)",
        f"{second}: FAILED (compile error): [build 5/9] RUN make",
        "    cc: [red]error[/red]",
        "    make: *** [all] Error 2",
        "    whole log: /logs/cell.log",
    ]
    assert "configure (after" not in out.getvalue()


def test_where_nothing_is_to_be_done_there_is_no_picture(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = live(out, clock)
    board.open(outlook([planned(cell, Action.NOTHING)]))
    assert board._area is None
    board.close()
    assert out.getvalue() == ""


def test_the_picture_is_never_taller_than_the_terminal(out: io.StringIO, clock: Clock, matrix: Matrix) -> None:
    board = live(out, clock, width=40, height=8)
    plans = [planned(cell) for cell in matrix.cells[:12]]
    board.open(outlook(plans))
    for plan in plans:
        board._status.begin(plan, assignment(plan.cell))
    assert board._area is not None
    board._area.refresh()
    seen = Screen(re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()))
    board._area.clear()
    assert seen.tallest <= 7
    assert seen.widest <= 39
    assert any("and 8 more" in row for row in seen.rows)


def test_colours_are_left_out_where_they_are_not_wanted(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    console = terminal(out)
    console.no_color = True
    board = ConsoleBoard(console, environment={"TERM": "xterm"}, clock=clock)
    board.open(outlook([planned(cell)]))
    board.begin(planned(cell), assignment(cell))
    board.end(result(cell))
    board.close()
    assert "built and proven" in out.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*\b3\d\b", out.getvalue())


def test_downloads_go_on_below_the_picture_and_notes_come_out_above(out: io.StringIO, clock: Clock, cell: Cell) -> None:
    board = live(out, clock)
    progress = ConsoleProgress(terminal(out))
    board.open(outlook([planned(cell)]))
    board.begin(planned(cell), assignment(cell))
    progress.advance("x.tar.xz", 1_000_000, 8_000_000)
    progress.note("a note")
    assert board._area is not None
    board._area.refresh()
    seen = rows(out)
    assert seen[:2] == [f"{cell.id}: build, native: new", "a note"]
    assert cell.id in seen[2]
    assert seen[4].startswith("x.tar.xz ")
    assert "1.0/8.0 MB" in seen[4]
    progress.advance("x.tar.xz", 8_000_000, 8_000_000)
    assert above(progress.console) is not progress.console
    board.end(result(cell))
    board.close()
    assert rows(out)[2:] == ["x.tar.xz: 8.0 MB", f"{cell.id}: built and proven in 1:05 (1 proof passed)"]
