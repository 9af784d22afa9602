"""The board of a run: a live line on a terminal, plain lines with the time elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from orchestrator.build.phases import phase_of, step_number
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.run import Board
from orchestrator.plan.plan import Action, PlannedCell

#: What a step is called that is not BuildKit's.
_PROVE = "[prove "


class _LiveLine:
    """The line of the running cell; drawn anew several times a second, so that its clock goes on while a step is silent."""

    def __init__(self, planned: PlannedCell) -> None:
        self.planned = planned
        self.phase = "base"
        self.number: tuple[int, int] | None = None
        self.started = self.phase_started = time.monotonic()
        self._spinner = Spinner("dots")

    def __rich__(self) -> Spinner:
        now = time.monotonic()
        of = f" (step {self.number[0]} of {self.number[1]})" if self.number else ""
        self._spinner.text = Text(
            f"{self.planned.cell.id}: {self.phase}{of} {_clock(now - self.phase_started)}, "
            f"{self.planned.known.execution}, {_clock(now - self.started)} in all"
        )
        return self._spinner


class ConsoleBoard(Board):
    """Shows a run on stderr."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = 0.0
        self._told: set[str] = set()
        self._line: _LiveLine | None = None
        self._live: Live | None = None

    def begin(self, planned: PlannedCell) -> None:
        """Say what will be done to the cell, and why."""
        self._started = time.monotonic()
        self._told = {"base"}
        if planned.action is Action.NOTHING:
            return
        self._say(planned, f"{planned.action}, {planned.known.execution}: {planned.reason}")
        if self._console.is_terminal:
            self._line = _LiveLine(planned)
            self._live = Live(self._line, console=self._console, transient=True, refresh_per_second=8)
            self._live.start()

    def step(self, planned: PlannedCell, step: str) -> None:
        """Show the phase; elsewhere than on a terminal each one once."""
        phase = "prove" if step.startswith(_PROVE) else str(phase_of(step))
        if self._line is not None:
            if phase != self._line.phase:
                self._line.phase, self._line.phase_started = phase, time.monotonic()
            self._line.number = step_number(step)
        elif phase not in self._told:
            self._told.add(phase)
            self._say(planned, f"{phase} (after {_clock(time.monotonic() - self._started)})")

    def end(self, result: CellResult) -> None:
        """Say how it went; of a failure the last lines and where the rest is."""
        self.close()
        planned = result.planned
        if result.failure is None:
            proofs = f"{len(result.attempt.proofs)} proofs" if result.attempt else "proofs"
            how = "nothing to do" if result.done_before else f"built and proven in {_clock(result.seconds)}"
            self._say(planned, f"{how} ({planned.reason if result.done_before else proofs + ' passed'})", style="green")
            return
        self._say(planned, f"FAILED ({result.failure.kind}): {result.failure.message}", style="bold red")
        for line in result.failure.tail:
            self._console.print(f"    {line}", markup=False, style="dim")
        if result.attempt is not None and result.attempt.log:
            self._console.print(f"    whole log: {result.attempt.log}", markup=False)

    def close(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
            self._live = self._line = None

    def _say(self, planned: PlannedCell, text: str, **style: Any) -> None:
        clock = "" if self._console.is_terminal else f"{time.strftime('%H:%M:%S')} "
        self._console.print(f"{clock}{planned.cell.id}: {text}", markup=False, **style)


def _clock(seconds: float) -> str:
    """Write seconds as people read them: 48 s, 15:19, 1:02:03."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
