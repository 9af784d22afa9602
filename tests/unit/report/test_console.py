"""Progress for people, sparingly."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.report import console as module
from orchestrator.report.console import ConsoleProgress


class Clock:
    """Stands in for the module `time`."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(out: io.StringIO) -> ConsoleProgress:
    return ConsoleProgress(Console(file=out, force_terminal=False, no_color=True, width=200))


def test_notes_and_warnings_are_lines_with_their_brackets(progress: ConsoleProgress, out: io.StringIO) -> None:
    progress.note("a [bold]note[/bold] [1/2]")
    progress.warn("careful")
    assert out.getvalue() == "a [bold]note[/bold] [1/2]\nwarning: careful\n"


def test_bytes_are_told_every_few_seconds_and_at_the_end(
    progress: ConsoleProgress, out: io.StringIO, clock: Clock
) -> None:
    for second in range(12):
        clock.now = 100.0 + second
        progress.advance("x.tar.xz", second * 1_000_000, 12_000_000)
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
