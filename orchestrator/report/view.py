"""The live picture of a run: a line per cell that is worked on, and the totals, in as many columns and lines as there are."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.report.glyphs import Glyphs
from orchestrator.report.status import Running, Status
from orchestrator.report.wording import clock, left

#: Columns that go when the terminal is too narrow, the first one first.
_DISPENSABLE = ("all", "executed", "left", "tries", "elapsed")
_STYLES = {"cell": "bold", "phase": "cyan", "left": "green", "tries": "yellow", "all": "dim", "executed": "dim"}
_GAP = "  "


class View:
    """Draws a `Status`, whatever it is at the moment of drawing; the clocks in it go on while nothing is said."""

    def __init__(self, status: Status, glyphs: Glyphs) -> None:
        self._status = status
        self._glyphs = glyphs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw into the width and height that there are."""
        yield from self.lines(options.max_width, options.max_height)

    def lines(self, width: int, height: int) -> list[Text]:
        """Draw into so many columns and lines."""
        cells = self._status.cells
        totals = self._totals(width)[: max(1, height - min(2, len(cells)))]
        room = max(0, height - len(totals))
        hidden = 0 if len(cells) <= room else len(cells) - max(0, room - 1)
        drawn = self._rows(cells[: len(cells) - hidden], width)
        if hidden and room:
            drawn.append(Text(self._glyphs.cut(f"{_GAP}and {hidden} more", width), style="dim"))
        return [*drawn, *(Text(self._glyphs.cut(line, width)) for line in totals)]

    def _rows(self, cells: tuple[Running, ...], width: int) -> list[Text]:
        now, several = self._status.now, len(self._status.nodes) > 1
        columns = _fitting([_columns(one, now, several=several) for one in cells], width - 2)
        if not columns:
            return []
        widths = {name: max(len(row[name]) for row in columns) for name in columns[0]}
        # What is left is the cell and its phase: the id is the longer one, and its end says least.
        rest = sum(widths.values()) - widths["cell"] + len(_GAP) * (len(widths) - 1)
        widths["cell"] = min(widths["cell"], max(8, width - 2 - rest))
        return [self._row(one, row, widths, now, width) for one, row in zip(cells, columns, strict=True)]

    def _row(self, one: Running, row: dict[str, str], widths: dict[str, int], now: float, width: int) -> Text:
        text = Text(f"{self._glyphs.spin(now) if one.again is None else ' '} ", style="")
        for name, cell in row.items():
            style = "red" if cell.startswith("overdue") else _STYLES.get(name, "")
            text.append(self._glyphs.cut(cell, widths[name]).ljust(widths[name]), style=style)
            text.append(_GAP)
        text.rstrip()
        text.truncate(width)
        return text

    def _totals(self, width: int) -> list[str]:
        """Take the longest wording that fits; the slots get a line of their own where they do not fit in the first."""
        totals, separator = self._status.totals, self._glyphs.separator
        going = f"{totals.running} running"
        failed = [f"{totals.failed} failed"] if totals.failed else []
        counts = f"{totals.done} done, {totals.failed} failed, {going}, {totals.waiting} waiting, of {totals.all}"
        brief = ", ".join([f"{totals.done}/{totals.all} done", *failed, going])
        seconds = self._status.left
        expected = [] if seconds is None else [left(seconds)]
        used = self._slots()
        whole = separator.join([counts, *expected, *used])
        if len(whole) <= width:
            return [whole]
        heads = [
            [counts, *expected],
            [brief, *expected],
            [", ".join([f"{totals.done}/{totals.all}", *failed]), *expected],
        ]
        texts = [separator.join(head) for head in heads]
        return [next((text for text in texts if len(text) <= width), texts[-1]), *used]

    def _slots(self) -> list[str]:
        said = []
        for node in self._status.nodes:
            used, emulated = self._status.slots(node)
            said.append(f"{node.name} {used}/{node.slots}" + (f" ({emulated} emulated)" if emulated else ""))
        return [f"slots in use: {', '.join(said)}"] if said else []


def doing(one: Running, now: float) -> str:
    """Say what a cell does, and for how long: `compile 3:12`; or when it is tried again."""
    if one.again is None:
        return f"{one.phase} {clock(now - one.phase_begun)}"
    wait = one.again - now
    return f"try {one.assignment.tries + 1} " + (f"in {clock(wait)}" if wait >= 1 else "soon")


def _columns(one: Running, now: float, *, several: bool) -> dict[str, str]:
    tries = one.assignment.tries
    executed = "emulated" if one.assignment.emulated else "native"
    if one.again is not None:
        return {
            "cell": one.id,
            "phase": doing(one, now),
            "elapsed": "",
            "all": _in_all(one, now),
            "left": "",
            "executed": "",
            "tries": "",
        }
    late = one.overdue(now)
    return {
        "cell": one.id,
        "phase": one.phase + (f" {one.number[0]}/{one.number[1]}" if one.number else ""),
        "elapsed": clock(now - one.phase_begun),
        "all": _in_all(one, now),
        "left": "" if late is None else left(-late),
        "executed": f"{executed} on {one.assignment.node}" if several and one.assignment.node else executed,
        "tries": f"try {tries}" if tries > 1 else "",
    }


def _in_all(one: Running, now: float) -> str:
    return f"{clock(now - one.begun)} in all"


def _fitting(rows: list[dict[str, str]], width: int) -> list[dict[str, str]]:
    """Leave out columns that are empty in every row, then dispensable ones, until the rows fit."""
    names = [name for name in (rows[0] if rows else {}) if any(row[name] for row in rows)]
    for dispensable in (None, *_DISPENSABLE):
        names = [name for name in names if name != dispensable]
        if sum(max(len(row[name]) for row in rows) for name in names) + len(_GAP) * (len(names) - 1) <= width:
            break
    return [{name: row[name] for name in names} for row in rows]
