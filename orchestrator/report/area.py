"""The lower part of a terminal that is drawn anew several times a second. There is one per terminal, whoever shows something in it.

rich's `Live` alone would not do: before 14.1 it allows one per console, later ones are nested, but have to be closed in order, and together they may
get taller than the terminal. And two consoles on one stream would not know of one another.
"""

from __future__ import annotations

import atexit
import math
import threading
from typing import IO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

_PER_SECOND = 5
_ERASE = (ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))
_ERASE_UP = ((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))

#: Terminals that have an area now.
_OPEN: dict[IO[str], Area] = {}
_LOCK = threading.RLock()


class Area:
    """What is shown on one terminal: parts, the first one at the top; a later one gets at most half of the lines that are free."""

    def __init__(self, console: Console, *, ascii_only: bool = False) -> None:
        self.console = console
        self._ascii = ascii_only
        self._parts: tuple[RenderableType, ...] = ()
        self._live: _Live | None = None
        self._widths: tuple[int, ...] = ()

    def add(self, part: RenderableType) -> None:
        """Show a part; one that is there stays where it is."""
        with _LOCK:
            if not any(part is one for one in self._parts):
                self._parts = (*self._parts, part)
            if self._live is None:
                self._live = _Live(self)
                # Even a process that ends in the middle leaves a terminal with a cursor.
                atexit.register(self.clear)
                self._live.start()

    def remove(self, part: RenderableType) -> None:
        """Take a part away; with the last one the area goes."""
        with _LOCK:
            self._parts = tuple(one for one in self._parts if one is not part)
            if not self._parts:
                self.clear()

    def clear(self) -> None:
        """Take everything away, and give the cursor back."""
        with _LOCK:
            self._parts = ()
            for stream in [stream for stream, area in _OPEN.items() if area is self]:
                del _OPEN[stream]
            if self._live is not None:
                self._live.stop()
                self._live = None
                atexit.unregister(self.clear)

    def refresh(self) -> None:
        """Draw it now."""
        if self._live is not None:
            self._live.refresh()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw all parts into what fits: a line stays free below them, and no line is full, so that none wraps."""
        lines = self._lines(console, options)
        self._widths = tuple(Segment.get_line_length(line) for line in lines)
        for number, line in enumerate(lines):
            if number:
                yield Segment.line()
            yield from line

    def _lines(self, console: Console, options: ConsoleOptions) -> list[list[Segment]]:
        parts, free = self._parts, max(1, console.size.height - 1)
        lines: list[list[Segment]] = []
        for number, part in reversed(list(enumerate(parts))):
            room = free if number == 0 else free // 2
            narrow = options.update(width=max(1, options.max_width - 1), height=None)
            narrow.max_height = room
            if self._ascii:
                narrow.encoding = "ascii"
            drawn = console.render_lines(part, narrow, pad=False)[:room]
            lines = [*drawn, *lines]
            free -= len(drawn)
        return lines

    def wrapped(self, width: int) -> int:
        """Count the rows that the lines drawn last take more than there are lines, since the terminal has become narrower."""
        return sum(math.ceil(one / max(1, width)) - 1 for one in self._widths if one > width)


class _Live(Live):
    """rich's, but it also finds its first line again after the terminal has wrapped its lines."""

    def __init__(self, area: Area) -> None:
        super().__init__(
            area,
            console=area.console,
            transient=True,
            refresh_per_second=_PER_SECOND,
            vertical_overflow="crop",
            # stdout belongs to results.
            redirect_stdout=False,
            redirect_stderr=area.console.stderr,
        )
        self._area = area

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Erase the rows that wrapping has added before the lines that rich knows of."""
        extra = self._area.wrapped(self.console.size.width)
        processed = super().process_renderables(renderables)
        return [Control(*_ERASE, *_ERASE_UP * extra), *processed] if extra else processed


def show(console: Console, part: RenderableType, *, ascii_only: bool = False) -> Area:
    """Show a part in the area of the terminal that the console writes to, which begins with its first part."""
    with _LOCK:
        area = _OPEN.setdefault(console.file, Area(console, ascii_only=ascii_only))
        area.add(part)
        return area


def above(console: Console) -> Console:
    """Give the console whose lines come out above the area, where there is one; else the same."""
    with _LOCK:
        area = _OPEN.get(console.file)
        return area.console if area else console
