"""The board of a run: a live line per cell on a terminal, plain lines with the time elsewhere."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.status import Status

from orchestrator.build.phases import phase_of, step_number
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.run import Board
from orchestrator.plan.plan import Action, PlannedCell


class ConsoleBoard(Board):
    """Shows a run on stderr."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = 0.0
        self._told: set[str] = set()
        self._status: Status | None = None

    def begin(self, planned: PlannedCell) -> None:
        """Say what will be done to the cell, and why."""
        self._started = time.monotonic()
        self._told = {"base"}
        if planned.action is Action.NOTHING:
            return
        self._say(planned, f"{planned.action}, {planned.known.execution}: {planned.reason}")
        if self._console.is_terminal:
            self._status = self._console.status(planned.cell.id)
            self._status.start()

    def step(self, planned: PlannedCell, step: str) -> None:
        """Show the phase; elsewhere than on a terminal only when it changes."""
        phase = "prove" if step == "[prove]" else str(phase_of(step))
        number = step_number(step)
        elapsed = time.monotonic() - self._started
        if self._status is not None:
            of = f" (step {number[0]} of {number[1]})" if number else ""
            self._status.update(f"{planned.cell.id}: {phase}{of}, {planned.known.execution}, {elapsed:.0f} s")
        elif phase not in self._told:
            self._told.add(phase)
            self._say(planned, f"{phase} (after {elapsed:.0f} s)")

    def end(self, result: CellResult) -> None:
        """Say how it went; of a failure the last lines and where the rest is."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        planned = result.planned
        if result.failure is None:
            proofs = f"{len(result.attempt.proofs)} proofs" if result.attempt else "proofs"
            how = "nothing to do" if result.done_before else f"built and proven in {result.seconds:.0f} s"
            self._say(planned, f"{how} ({planned.reason if result.done_before else proofs + ' passed'})", style="green")
            return
        self._say(planned, f"FAILED ({result.failure.kind}): {result.failure.message}", style="bold red")
        for line in result.failure.tail:
            self._console.print(f"    {line}", markup=False, style="dim")
        if result.attempt is not None and result.attempt.log:
            self._console.print(f"    whole log: {result.attempt.log}", markup=False)

    def _say(self, planned: PlannedCell, text: str, **style: Any) -> None:
        clock = "" if self._console.is_terminal else f"{time.strftime('%H:%M:%S')} "
        self._console.print(f"{clock}{planned.cell.id}: {text}", markup=False, **style)


class SilentBoard(Board):
    """Shows nothing: for --json."""
