"""Progress for people, sparingly."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from orchestrator.report.area import Area, above, show
from orchestrator.report.console import ConsoleProgress, make_console
from tests.unit.report.fakes import Clock, Screen, terminal


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(out: io.StringIO, clock: Clock) -> ConsoleProgress:
    return ConsoleProgress(Console(file=out, force_terminal=False, no_color=True, width=200), clock=clock)


def test_notes_and_warnings_are_lines_with_their_brackets(progress: ConsoleProgress, out: io.StringIO) -> None:
    progress.note("a [bold]note[/bold] [1/2]")
    progress.warn("careful")
    assert out.getvalue() == "a [bold]note[/bold] [1/2]\nwarning: careful\n"


def test_bytes_are_told_every_few_seconds_and_at_the_end(
    progress: ConsoleProgress, out: io.StringIO, clock: Clock
) -> None:
    for second in range(12):
        progress.advance("x.tar.xz", second * 1_000_000, 12_000_000)
        clock.now += 1
    progress.advance("x.tar.xz", 12_000_000, 12_000_000)
    assert out.getvalue().splitlines() == [
        "x.tar.xz: 5.0 MB of 12.0 MB (41 %)",
        "x.tar.xz: 10.0 MB of 12.0 MB (83 %)",
        "x.tar.xz: 12.0 MB of 12.0 MB (100 %)",
    ]


def test_an_unknown_size_has_no_share(progress: ConsoleProgress, out: io.StringIO, clock: Clock) -> None:
    progress.advance("x", 0, None)
    clock.now += 6
    progress.advance("x", 999, None)
    clock.now += 6
    progress.advance("x", 2_500_000_000, None)
    assert out.getvalue().splitlines() == ["x: 999 B", "x: 2.5 GB"]


def test_something_small_is_told_once(progress: ConsoleProgress, out: io.StringIO, clock: Clock) -> None:
    assert clock.now
    progress.advance("x", 1500, 1500)
    assert out.getvalue() == "x: 1.5 kB of 1.5 kB (100 %)\n"


def test_on_a_terminal_there_is_a_bar_until_it_is_done(out: io.StringIO) -> None:
    progress = ConsoleProgress(terminal(out))
    progress.advance("[a].tar", 1_000_000, 4_000_000)
    progress.advance("b.tar", 5, None)
    area = progress_area(progress)
    area.refresh()
    seen = rows(out)
    assert [row.split()[0] for row in seen] == ["[a].tar", "b.tar"]
    assert "1.0/4.0 MB" in seen[0]
    progress.advance("[a].tar", 4_000_000, 4_000_000)
    progress.advance("b.tar", 900, 900)
    assert rows(out) == ["[a].tar: 4.0 MB", "b.tar: 900 B"]
    assert above(progress.console) is progress.console


def test_colons_and_brackets_of_a_note_mean_nothing(out: io.StringIO) -> None:
    ConsoleProgress(terminal(out)).note("std:smile: [red]x[/red]")
    assert rows(out) == ["std:smile: [red]x[/red]"]


def test_a_pipe_with_forced_colours_is_no_terminal_to_draw_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console = make_console(stderr=True)
    assert not console.is_interactive
    progress = ConsoleProgress(console)
    progress.advance("x", 1, 9)
    progress.advance("x", 9, 9)
    progress.warn("x" * 300)
    said = capsys.readouterr()
    assert said.out == ""
    assert re.sub(r"\x1b\[[0-9;]*m", "", said.err) == f"x: 9 B of 9 B (100 %)\nwarning: {'x' * 300}\n"
    assert "\x1b[33m" in said.err
    monkeypatch.setenv("NO_COLOR", "1")
    make_console(stderr=True).print("x", style="red")
    assert capsys.readouterr().err == "x\n"


def rows(out: io.StringIO) -> list[str]:
    return [row for row in Screen(re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())).rows if row]


def progress_area(progress: ConsoleProgress) -> Area:
    return show(progress.console, progress._bars)
