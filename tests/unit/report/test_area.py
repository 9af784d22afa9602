"""The live area of a terminal: one, whoever draws in it; and nothing of it stays."""

from __future__ import annotations

import io
import math

import pytest
from rich.text import Text

from orchestrator.report.area import Area, above, show
from tests.unit.report.fakes import Screen, pipe, terminal


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def visible(out: io.StringIO) -> list[str]:
    return Screen(out.getvalue()).rows


def test_lines_come_out_above_and_parts_below_one_another(out: io.StringIO) -> None:
    console, second = terminal(out), terminal(out)
    one, two = Text("first part"), Text("second part")
    area = show(console, one)
    assert show(second, two) is area
    area.add(one)
    above(second).print("a line")
    area.refresh()
    assert visible(out) == ["a line", "first part", "second part"]
    area.remove(one)
    area.refresh()
    assert visible(out)[:2] == ["a line", "second part"]
    area.remove(two)
    assert [row for row in visible(out) if row] == ["a line"]
    assert "\x1b[?25h" in out.getvalue().rpartition("\x1b[?25l")[2], "the cursor is hidden"
    assert above(second) is second


def test_another_stream_has_an_area_of_its_own(out: io.StringIO) -> None:
    area = show(terminal(out), Text("x"))
    other = terminal(io.StringIO())
    assert above(other) is other
    area.clear()
    area.clear()
    assert "x" not in "".join(visible(out))


def test_it_begins_again_after_it_was_cleared(out: io.StringIO) -> None:
    console = terminal(out)
    show(console, Text("x")).clear()
    area = show(console, Text("y"))
    area.refresh()
    assert [row for row in visible(out) if row] == ["y"]
    area.clear()


@pytest.mark.parametrize("height", [2, 3, 6, 12])
def test_it_is_never_taller_than_the_terminal_and_leaves_room_for_all(out: io.StringIO, height: int) -> None:
    area = show(terminal(out, width=20, height=height), Text("\n".join("a" * 40 for _ in range(30))))
    area.add(Text("\n".join(["b"] * 30)))
    area.refresh()
    area.refresh()
    screen = Screen(out.getvalue())
    area.clear()
    assert screen.tallest <= height - 1
    assert screen.widest < 20
    assert "a" * 19 in screen.rows
    assert ("b" in screen.rows) is (height > 2)


def test_after_the_terminal_got_narrower_the_rows_that_it_wrapped_are_erased_too(out: io.StringIO) -> None:
    console = terminal(out, width=100)
    area = show(console, Text("\n".join(["x" * 90, "y" * 30, "z" * 61])))
    area.refresh()
    assert area._live is not None
    with area._live._lock:
        before = len(out.getvalue())
        console.width = 30
        area.refresh()
    again = out.getvalue()[before:]
    area.clear()
    # Three rows of x's and one of y's above, three of z's: from the last of them to the first it is eight rows up, less the row that it is in.
    assert again.partition("xxx")[0].count("\x1b[1A") == math.ceil(90 / 30) + 1 + math.ceil(61 / 30) - 1
    assert again.count("\x1b[2K") == 1 + 4 + 1 + 2


def test_a_part_is_drawn_in_ascii_where_that_is_asked_for(out: io.StringIO) -> None:
    class Part:
        seen = ""

        def __rich_console__(self, console: object, options: object) -> list[Text]:
            self.seen = getattr(options, "encoding", "")
            return [Text(type(console).__name__)]

    part = Part()
    area = show(terminal(out), part, ascii_only=True)
    area.refresh()
    area.clear()
    assert part.seen == "ascii"


def test_an_area_without_parts_draws_nothing(out: io.StringIO) -> None:
    pipe(out).print(Area(pipe(out)), end="")
    assert out.getvalue() == ""
