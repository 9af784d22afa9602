"""A run over many cells: its tasks are scheduled on the nodes of the farm, led to their end, and come back as results in the plan's order."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.build.failure import Failure
from orchestrator.errors import ExitCode, summary
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.platforms import normalise
from orchestrator.pipeline.board import Board, Outlook
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.farm import Farm
from orchestrator.pipeline.preparing import Prepared, fetching_ahead
from orchestrator.pipeline.remembering import Remembering, failure_of
from orchestrator.pipeline.workshop import Workshop
from orchestrator.plan.plan import Action, PlannedCell
from orchestrator.publish.names import local_references
from orchestrator.schedule.conductor import Conductor, Patience
from orchestrator.schedule.durations import Durations
from orchestrator.schedule.model import Assignment, Stage, Task
from orchestrator.schedule.priorities import best_priority
from orchestrator.schedule.scheduler import Scheduler
from orchestrator.schedule.simulation import simulate
from orchestrator.system.owners import end_children

if TYPE_CHECKING:
    from orchestrator.pipeline.workers import CellWorkers

__all__ = ["RunStopped", "exit_code", "retries_of", "run_cells", "tasks_for"]


class RunStopped(KeyboardInterrupt):
    """A run was interrupted, and has been ended cleanly; `results` are those of its cells, in the order of the plan."""

    def __init__(self, results: tuple[CellResult, ...]) -> None:
        super().__init__()
        self.results = results


def tasks_for(
    planned: Sequence[PlannedCell], durations: Durations, *, farm: Farm | None = None, node: str | None = None
) -> tuple[Task, ...]:
    """Turn a plan into tasks with their expected seconds; `node` is where images that are there already are proven."""
    tasks = []
    for one in planned:
        platform = normalise(str(one.cell.architecture.platform))
        machine = farm.machine(farm.home) if farm is not None else ""
        for stage in Stage:
            if one.action not in {Action.BUILD, Action.PROVE} or (stage is Stage.BUILD and one.action is Action.PROVE):
                continue
            tasks.append(
                Task(
                    cell=one.cell.id,
                    stage=stage,
                    image=one.cell.image.id,
                    platform=platform,
                    native=durations.expect(one.cell, stage, emulated=False, machine=machine),
                    emulated=durations.expect(one.cell, stage, emulated=True, machine=machine),
                    node=node if one.action is Action.PROVE else None,
                )
            )
    return tuple(tasks)


def run_cells(
    shop: Workshop,
    run: int,
    prepared: Prepared,
    board: Board,
    *,
    fail_fast: bool = False,
    jobs: int | None = None,
) -> tuple[CellResult, ...]:
    """Work through the plan; results come back in its order. Raises `RunStopped` when it was interrupted and has been ended cleanly."""
    farm = prepared.farm
    jobs = jobs if jobs is not None else shop.settings.jobs
    possible = [one for one in prepared.planned if one.cell.id not in prepared.missing]
    tasks = tasks_for(possible, Durations(seen=shop.ledger.durations()), farm=farm, node=farm.home)
    priority = best_priority(tasks, farm.nodes, emulation=shop.settings.emulation, jobs=jobs)
    outlook = simulate(tasks, farm.nodes, emulation=shop.settings.emulation, jobs=jobs, priority=priority)
    memory = Remembering(shop=shop, farm=farm, run=run)
    scheduler = Scheduler(
        tasks, farm.nodes, emulation=shop.settings.emulation, jobs=jobs, priority=priority, home=farm.home
    )
    going = _Going(shop=shop, prepared=prepared, memory=memory, board=board, scheduler=scheduler)
    with contextlib.closing(board):
        board.open(Outlook(planned=prepared.planned, nodes=farm.nodes, seconds=outlook.makespan))
        going.begin(run)
        if tasks:
            try:
                _lead(going, fail_fast=fail_fast)
            except KeyboardInterrupt:
                known = tuple(going.results[one.cell.id] for one in prepared.planned if one.cell.id in going.results)
                raise RunStopped(known) from None
    return tuple(going.results[one.cell.id] for one in prepared.planned)


def _lead(going: _Going, *, fail_fast: bool) -> None:
    """Put the workers to work, until nothing is left to do."""
    from orchestrator.pipeline.workers import CellWorkers  # noqa: PLC0415 - all proofs come with it: not where nothing is to be done

    shop, prepared, settings = going.shop, going.prepared, going.shop.settings.retries
    workers = CellWorkers(
        shop=shop,
        farm=prepared.farm,
        memory=going.memory,
        planned={one.cell.id: one for one in prepared.planned},
        ingredients=prepared.ingredients,
        equip=prepared.equip,
        cache=prepared.cache,
        board=going.board,
    )
    conductor = Conductor(
        scheduler=going.scheduler,
        workers=workers,
        listener=going,
        patience=Patience(attempts=settings.attempts, seconds=settings.minutes * 60),
        fail_fast=fail_fast,
    )
    with fetching_ahead(prepared):
        try:
            conductor.conduct()
        except BaseException:
            _end(shop, conductor, workers)
            raise


def _end(shop: Workshop, conductor: Conductor, workers: CellWorkers) -> None:
    """End what runs, cleanly; a second interruption ends it at once."""
    try:
        shop.progress.note("stopping: what runs is ended, nothing new is begun (once more: at once)")
        shop.cancellation.cancel()
        while True:
            workers.settle(conductor.scheduler.running)
            try:
                conductor.drain()
            except Exception:  # noqa: BLE001, S112 - it could not be remembered (a full disk): what ended this run is told, and that is ended, too
                continue
            return
    except KeyboardInterrupt:
        end_children()
        raise


@dataclass(kw_only=True)
class _Going:
    """The run's listener: results, and what the board is told."""

    shop: Workshop
    prepared: Prepared
    memory: Remembering
    board: Board
    scheduler: Scheduler
    results: dict[str, CellResult] = field(default_factory=dict)
    _planned: dict[str, PlannedCell] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)
    _stage_started: dict[str, float] = field(default_factory=dict)

    def begin(self, run: int) -> None:
        """Take over what killed runs left whole, close what they left open, and settle the cells that need nothing."""
        self._planned = {one.cell.id: one for one in self.prepared.planned}
        for left in self.shop.ledger.unfinished():
            # Also of cells that this run is not about: what is closed as failed would be built again.
            if left.reference in self.prepared.present:
                self.memory.adopt(left)
        self.shop.ledger.abandon(before=run)
        self.memory.intend(self.prepared.planned)
        for one in self.prepared.planned:
            if one.cell.id in self.prepared.missing:
                failure = failure_of(self.prepared.missing[one.cell.id])
                self._end(CellResult(planned=one, attempt=None, failure=failure, tags=(), seconds=0.0))
            elif one.action in {Action.NOTHING, Action.PUBLISH} and one.attempt is not None:
                tags = self._tags(one, one.attempt)
                attempt = self.shop.ledger.attempt(one.attempt.id)
                self._end(
                    CellResult(planned=one, attempt=attempt, failure=None, tags=tags, seconds=0.0, done_before=True)
                )

    def _tags(self, one: PlannedCell, attempt: Attempt) -> tuple[str, ...]:
        """Tag what is proven already; an image that is only in the registry has no names here."""
        if attempt.reference not in self.prepared.present:
            return ()
        return self.memory.tag(one.cell, attempt.reference, self.prepared.present)

    def started(self, assignment: Assignment) -> None:
        """Tell the board."""
        now = time.monotonic()
        self._started.setdefault(assignment.task.cell, now)
        self._stage_started[assignment.task.cell] = now
        self.board.begin(self._planned[assignment.task.cell], assignment)

    def retried(self, assignment: Assignment, failure: Failure, seconds: float) -> None:
        """Tell the board."""
        self.board.retry(self._planned[assignment.task.cell], failure, tries=assignment.tries, seconds=seconds)

    def over(self, task: Task, node: str, failure: Failure | None, tries: int) -> None:
        """Make the result, when this was the cell's last stage or its end."""
        if failure is None and task.stage is not Stage.PROVE:
            return
        planned, now = self._planned[task.cell], time.monotonic()
        attempt = self.memory.latest(task.cell)
        self._end(
            CellResult(
                planned=planned,
                attempt=attempt,
                failure=failure,
                tags=local_references(self.shop.matrix, planned.cell) if failure is None else (),
                seconds=round(now - self._started.get(task.cell, now), 3),
                tries=0 if tries == 0 else max(tries, attempt.tries if attempt is not None else 1),
                node=node,
            )
        )

    def lost(self, node: str, failure: Failure) -> None:
        """Warn that a builder is left out from now on."""
        self.shop.progress.warn(f"builder {node} is left out from now on: {failure.kind}: {failure.message}")

    def stopped(self, failure: Failure, cells: Sequence[str]) -> None:
        """Say which cells are not tried, and why."""
        which = ", ".join(cells[:3]) + (f" and {len(cells) - 3} more" if len(cells) > 3 else "")
        self.shop.progress.warn("\n  ".join([f"{which}: {failure.message}", *failure.tail]))

    def beat(self) -> None:
        """Tell the board how long it will take."""
        self.board.expect(_left(self.scheduler, self._stage_started, time.monotonic()))

    def _end(self, result: CellResult) -> None:
        self.results[result.cell.id] = result
        if not result.done_before:
            self.memory.result(result)
        if result.tried:
            self.board.end(result)


def _left(scheduler: Scheduler, started: Mapping[str, float], now: float) -> float:
    """Guess the seconds until the end: all that is left, spread over the slots, or the longest cell that runs."""
    later: dict[str, float] = {}
    for task in scheduler.waiting():
        native = _runs_natively(scheduler, task)
        later[task.cell] = later.get(task.cell, 0.0) + task.seconds(emulated=not native)
    running = {
        one.task.cell: max(0.0, one.expected - (now - started.get(one.task.cell, now))) for one in scheduler.running
    }
    chains = [seconds + later.get(cell, 0.0) for cell, seconds in running.items()]
    slots = sum(node.slots for node in scheduler.nodes) or 1
    return max([*chains, (sum(later.values()) + sum(running.values())) / slots], default=0.0)


def _runs_natively(scheduler: Scheduler, task: Task) -> bool:
    return any(task.platform in node.native for node in scheduler.nodes)


def retries_of(prepared: Prepared, results: Sequence[CellResult]) -> int:
    """Count what was tried again: look-ups of bases, builds and proofs."""
    return prepared.retries + sum(max(0, result.tries - 1) for result in results)


def exit_code(results: Sequence[CellResult]) -> ExitCode:
    """Say how a run went: the failures' own code where they all share one, else that some cells failed."""
    failed = [result for result in results if result.failure is not None]
    tried = [result for result in failed if result.tried] or failed
    return summary(result.failure.code for result in tried if result.failure is not None)
