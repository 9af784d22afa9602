"""The board of a run: live lines on a terminal, plain lines with the time elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.pipeline.board import Outlook
from orchestrator.pipeline.cell import CellResult
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.report.area import Area, above, show
from orchestrator.report.folding import folding_for
from orchestrator.report.glyphs import glyphs_for
from orchestrator.report.status import Running, Status
from orchestrator.report.view import View, doing
from orchestrator.report.wording import clock as span
from orchestrator.report.wording import count, harmless, left
from orchestrator.schedule.model import Assignment

#: In a plan of so few cells those with nothing to do have a line each.
_FEW = 3
#: Of a log that failed.
_LAST_LINES = 20
#: Where there is no live picture, something is said at least this often.
_HEARTBEAT_SECONDS = 60.0
#: A heartbeat names so many cells.
_NAMED = 6


class ConsoleBoard:
    """Shows a run on a console; a `Board`. A CI system that can fold gets plain lines, even if it pretends to be a terminal.

    `clock` gives seconds. On a terminal, notes that are told meanwhile by a `ConsoleProgress` come out above the live picture, its bars below.
    """

    def __init__(
        self,
        console: Console,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._clock = clock
        self._folding = folding_for(environment)
        self._glyphs = glyphs_for(console, environment)
        self._is_live = console.is_interactive and environment.get("TERM") != "dumb" and self._folding is None
        self._status = Status(clock)
        self._view = View(self._status, self._glyphs)
        self._area: Area | None = None
        self._told: set[tuple[str, str]] = set()
        self._spoke = clock()
        self._few = True

    def open(self, outlook: Outlook) -> None:
        """Say for how many cells there is nothing to do; on a terminal the live picture begins."""
        self._status.open(outlook)
        self._spoke = self._clock()
        self._few = len(outlook.planned) <= _FEW
        idle = sum(one.action is Action.NOTHING for one in outlook.planned)
        if idle and not self._few:
            self._line(f"{count(idle, 'cell')} {'has' if idle == 1 else 'have'} nothing to do", style="green")
        if self._is_live and idle < len(outlook.planned):
            self._area = show(self._console, self._view, ascii_only=self._glyphs.ascii)

    def begin(self, planned: PlannedCell, assignment: Assignment) -> None:
        """Say once per cell what will be done to it, and why."""
        if planned.action is Action.NOTHING:
            return
        running, first = self._status.begin(planned, assignment)
        if first:
            self._told.add((running.id, running.phase))
            where = f" on {assignment.node}" if self._several(assignment.node) else ""
            self._say(running.id, f"{planned.action}, {_executed(running)}{where}: {planned.reason}", style="dim")
        self._phase(running)

    def step(self, planned: PlannedCell, step: str) -> None:
        """Show the step; elsewhere than on a terminal each phase once per try."""
        running = self._status.step(planned, step)
        if running is not None:
            self._phase(running)
        self._beat()

    def retry(self, planned: PlannedCell, failure: Failure, *, tries: int, seconds: float) -> None:
        """Say what passes, we hope, and when it is tried again."""
        self._status.retry(planned, seconds)
        name = planned.cell.id
        self._told = {one for one in self._told if one[0] != name} | {(name, "base")}
        text = f"{failure.kind}: {failure.message}; try {tries + 1} in {span(seconds)}"
        self._say(name, text, style="yellow")

    def end(self, result: CellResult) -> None:
        """Say how it went; of a failure the last lines and where the rest is."""
        running = self._status.end(result)
        if result.failure is not None and result.failure.kind is FailureClass.CANCELLED:
            self._say(result.cell.id, f"stopped: {result.failure.message}", style="yellow")
        elif result.failure is not None:
            self._failed(result, result.failure)
        elif not result.done_before:
            proofs = count(len(result.attempt.proofs), "proof") if result.attempt else "proofs"
            how = "proven" if result.planned.action is Action.PROVE else "built and proven"
            node = running.assignment.node if running else result.node
            where = f" on {node}" if self._several(node) else ""
            after = f", after {result.tries} tries" if result.tries > 1 else ""
            text = f"{how} in {span(result.seconds)}{where}{after} ({proofs} passed)"
            self._say(result.cell.id, text, style="green")
        elif self._few:
            self._say(result.cell.id, f"nothing to do ({result.planned.reason})", style="green")

    def expect(self, seconds: float) -> None:
        """Show how long the run will still take."""
        self._status.expect(seconds)
        self._beat()

    def close(self) -> None:
        """Take the live picture away, and say which cells did not end."""
        if self._area is not None:
            self._area.clear()
            self._area = None
        cells = self._status.close()
        if cells:
            self._line(f"stopped before the end of {', '.join(one.id for one in cells)}", style="yellow")

    def _phase(self, running: Running) -> None:
        if self._is_live or (running.id, running.phase) in self._told:
            return
        self._told.add((running.id, running.phase))
        self._say(running.id, f"{running.phase} (after {span(self._clock() - running.begun)})")

    def _failed(self, result: CellResult, failure: Failure) -> None:
        name = result.cell.id
        after = f", after {result.tries} tries" if result.tries > 1 else ""
        message = self._harmless(f"FAILED ({failure.kind}{after}): {failure.message}")
        error = self._folding.error(name, message) if self._folding else None
        if error is None:
            self._say(name, message, style="bold red")
        else:
            self._raw(error)
        tail = [f"    {self._harmless(line)}" for line in failure.tail[-_LAST_LINES:]]
        if tail and self._folding:
            for line in self._folding.fold(name, f"the last {count(len(tail), 'line')} of its log", tail):
                self._raw(line)
        elif tail:
            self._print("\n".join(tail), style="dim")
        if result.attempt is not None and result.attempt.log:
            self._print(f"    whole log: {result.attempt.log}")

    def _beat(self) -> None:
        """Where nothing was said for a minute and no picture shows it: what is going on."""
        cells = self._status.cells
        if self._is_live or not cells or self._clock() - self._spoke < _HEARTBEAT_SECONDS:
            return
        now, totals = self._clock(), self._status.totals
        said = [f"{one.id} ({doing(one, now)})" for one in cells[:_NAMED]]
        more = [f"and {len(cells) - _NAMED} more"] if len(cells) > _NAMED else []
        counts = f"{totals.done} done, {totals.failed} failed, {totals.waiting} waiting, of {totals.all}"
        seconds = self._status.left
        expected = [] if seconds is None else [left(seconds)]
        self._line("; ".join([f"still running: {', '.join([*said, *more])}", counts, *expected]))

    def _several(self, node: str) -> bool:
        return bool(node) and len(self._status.nodes) > 1

    def _say(self, cell: str, text: str, *, style: str = "") -> None:
        self._line(f"{cell}: {text}", style=style)

    def _line(self, text: str, *, style: str = "") -> None:
        stamp = "" if self._is_live else f"{time.strftime('%H:%M:%S')} "
        self._print(stamp + self._harmless(text), style=style)

    def _print(self, text: str, *, style: str = "") -> None:
        # A Text, so that neither brackets nor :colons: in it mean anything; the terminal wraps what is long, and joins it again when it is copied.
        above(self._console).print(Text(text, style=style), soft_wrap=True)
        self._spoke = self._clock()

    def _raw(self, line: str) -> None:
        self._console.print(Segments([Segment(f"{line}\n")]), end="", soft_wrap=True)
        self._spoke = self._clock()

    def _harmless(self, text: str) -> str:
        return harmless(text, self._console.encoding)


def _executed(running: Running) -> str:
    """Say how it is executed: with the emulator's name where the plan knows it."""
    execution = running.planned.known.execution
    if execution.emulated is running.assignment.emulated:
        return str(execution)
    return "emulated" if running.assignment.emulated else "native"
