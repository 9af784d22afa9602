"""Consoles and progress for people: a live line on a terminal, plain lines elsewhere. stderr only; stdout is for results."""

from __future__ import annotations

import time

from rich.console import Console

_EVERY_SECONDS = 5.0


def make_console(*, stderr: bool) -> Console:
    """Make a console that honours NO_COLOR and does not wrap paths where nobody sees a terminal."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        return Console(stderr=stderr, highlight=False, width=200, no_color=True)
    return console


class ConsoleProgress:
    """Tells progress on a console: notes as lines, byte counts at most every few seconds (on a terminal: in place)."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._told: dict[str, float] = {}

    def note(self, message: str, /) -> None:
        """One line worth keeping."""
        self.console.print(message, markup=False)

    def warn(self, message: str, /) -> None:
        """One line that stands out."""
        self.console.print(f"warning: {message}", markup=False, style="yellow")

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        """Show how far a task is, sparingly; its end is always shown."""
        now = time.monotonic()
        first = task not in self._told
        ended = total is not None and done >= total
        if not ended and not first and now - self._told[task] < _EVERY_SECONDS:
            return
        if first and not ended:
            self._told[task] = now
            if done == 0:
                return
        self._told[task] = now
        share = f" ({100 * done // total} %)" if total else ""
        self.console.print(f"{task}: {_size(done)}{f' of {_size(total)}' if total else ''}{share}", markup=False)


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
