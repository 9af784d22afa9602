"""Consoles and progress for people: bars on a terminal, plain lines elsewhere. stderr only; stdout is for results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text

from orchestrator.report.area import above, show

_EVERY_SECONDS = 5.0


def make_console(*, stderr: bool) -> Console:
    """Make a console that honours NO_COLOR, and neither wraps lines nor moves the cursor where nobody sees a terminal."""
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal and console.file.isatty():
        return console
    # FORCE_COLOR makes a terminal of a pipe for rich; colours are all that it may have.
    return Console(
        stderr=stderr,
        highlight=False,
        width=200,
        no_color=None if console.is_terminal else True,
        soft_wrap=True,
        force_interactive=False,
    )


class ConsoleProgress:
    """Tells progress on a console: notes as lines; byte counts as a bar on a terminal, else as a line every few seconds.

    While a board shows its live picture on the same terminal, lines come out above it and bars below. Any thread may call.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._told: dict[str, float] = {}
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()
        # Never started: the area draws it.
        self._bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=2)),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            DownloadColumn(table_column=Column(no_wrap=True)),
            TransferSpeedColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            console=console,
            auto_refresh=False,
            expand=True,
        )

    def note(self, message: str, /) -> None:
        """One line worth keeping."""
        above(self.console).print(Text(message))

    def warn(self, message: str, /) -> None:
        """One line that stands out."""
        above(self.console).print(Text(f"warning: {message}", style="yellow"))

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        """Show how far a task is; its bar is taken away when it is done."""
        with self._lock:
            if self.console.is_interactive:
                self._bar(task, done, total)
            else:
                self._line(task, done, total)

    def _bar(self, task: str, done: int, total: int | None) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total)
        self._bars.update(self._tasks[task], completed=done, total=total)
        area = show(self.console, self._bars)
        if total is not None and done >= total:
            self._bars.remove_task(self._tasks.pop(task))
            if not self._tasks:
                area.remove(self._bars)
            self.note(f"{task}: {_size(done)}")

    def _line(self, task: str, done: int, total: int | None) -> None:
        now = self._clock()
        ended = total is not None and done >= total
        last = self._told.setdefault(task, now)
        if not ended and now - last < _EVERY_SECONDS:
            return
        self._told[task] = now
        share = f" of {_size(total)} ({100 * done // total} %)" if total else ""
        self.note(f"{task}: {_size(done)}{share}")


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
