"""Consoles and progress for people: bars on a terminal, plain lines elsewhere. stderr only; stdout is for results."""

from __future__ import annotations

import time

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

_EVERY_SECONDS = 5.0


def make_console(*, stderr: bool) -> Console:
    """Make a console that honours NO_COLOR and does not wrap lines where nobody sees a terminal."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        return Console(stderr=stderr, highlight=False, width=200, no_color=True, soft_wrap=True)
    return console


class ConsoleProgress:
    """Tells progress on a console: notes as lines; byte counts as a bar on a terminal, else as a line every few seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._told: dict[str, float] = {}
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def note(self, message: str, /) -> None:
        """One line worth keeping."""
        self.console.print(message, markup=False)

    def warn(self, message: str, /) -> None:
        """One line that stands out."""
        self.console.print(f"warning: {message}", markup=False, style="yellow")

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        """Show how far a task is; a bar is taken away when all tasks are done."""
        if self.console.is_terminal:
            self._bar(task, done, total)
        else:
            self._line(task, done, total)

    def _bar(self, task: str, done: int, total: int | None) -> None:
        if self._bars is None:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self._bars.start()
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total)
        self._bars.update(self._tasks[task], completed=done, total=total)
        if total is not None and done >= total:
            self._bars.remove_task(self._tasks.pop(task))
            if not self._tasks:
                self._bars.stop()
                self._bars = None
            self.note(f"{task}: {_size(done)}")

    def _line(self, task: str, done: int, total: int | None) -> None:
        now = time.monotonic()
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
