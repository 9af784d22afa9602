"""What is done about failures: tried again, given up, or the whole run stopped."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from orchestrator.build.failure import Failure, FailureClass
from orchestrator.config.settings import Emulation
from orchestrator.schedule.conductor import Conductor, Ended, Patience
from orchestrator.schedule.model import Assignment, Node, Task
from orchestrator.schedule.scheduler import Scheduler
from tests.unit.schedule.farms import AMD, ARM, cell, machine

Fails = Callable[[Assignment], Failure | None]


@dataclass
class Script:
    """Workers on a clock of their own that fail as told, and a listener that writes everything down."""

    fails: Fails
    dead: set[str] = field(default_factory=set)
    clock: float = 0.0
    log: list[str] = field(default_factory=list)
    over_: dict[str, Failure | None] = field(default_factory=dict)
    starts: list[Assignment] = field(default_factory=list)
    interrupt_at: int | None = None
    _running: list[tuple[float, Assignment]] = field(default_factory=list)

    def now(self) -> float:
        return self.clock

    def start(self, assignment: Assignment) -> None:
        self.starts.append(assignment)
        self._running.append((self.clock + assignment.expected, assignment))

    def wait(self, seconds: float) -> Ended | None:
        if self.interrupt_at is not None and len(self.starts) >= self.interrupt_at:
            self.interrupt_at = None
            raise KeyboardInterrupt
        self._running.sort(key=lambda entry: entry[0])
        if not self._running or self._running[0][0] > self.clock + seconds:
            self.clock += min(seconds, 1e6)
            return None
        self.clock, assignment = self._running.pop(0)
        return Ended(assignment=assignment, failure=self.fails(assignment))

    def alive(self, node: str) -> bool:
        return node not in self.dead

    def started(self, assignment: Assignment) -> None:
        self.log.append(f"start {assignment.task.cell} {assignment.task.stage} on {assignment.node}")

    def retried(self, assignment: Assignment, failure: Failure, seconds: float) -> None:
        self.log.append(f"again {assignment.task.cell} {failure.kind} try {assignment.tries}")
        assert seconds >= 0

    def over(self, task: Task, node: str, failure: Failure | None, tries: int) -> None:
        self.log.append(f"over {task.cell} {task.stage} {failure.kind if failure else 'well'} {tries} {node}")
        self.over_[task.cell] = failure

    def lost(self, node: str, failure: Failure) -> None:
        self.log.append(f"lost {node} {failure.kind}")

    def stopped(self, failure: Failure, cells: Sequence[str]) -> None:
        self.log.append(f"stopped {len(cells)} {failure.message}")

    def beat(self) -> None:
        pass


def conduct(
    tasks: Sequence[Task],
    fails: Fails,
    *,
    nodes: Sequence[Node] = (machine(1),),
    dead: set[str] | None = None,
    fail_fast: bool = False,
    patience: Patience | None = None,
    emulation: Emulation = Emulation.FALLBACK,
) -> Script:
    script = Script(fails, dead=dead or set())
    Conductor(
        scheduler=Scheduler(tasks, nodes, emulation=emulation),
        workers=script,
        listener=script,
        fail_fast=fail_fast,
        patience=patience or Patience(),
        random=random.Random(0),
    ).conduct()
    return script


def times(kind: FailureClass, count: int, *, only: str = "", after: float | None = None) -> Fails:
    seen: dict[str, int] = {}

    def fails(assignment: Assignment) -> Failure | None:
        name = assignment.task.cell
        seen[name] = seen.get(name, 0) + 1
        if (only and name != only) or seen[name] > count:
            return None
        return Failure(kind=kind, message="as told", after=after)

    return fails


def test_what_is_transient_is_tried_again_until_it_goes_well() -> None:
    script = conduct(cell("a-1", AMD, 10, 5), times(FailureClass.NETWORK, 2))
    assert script.log == [
        "start a-1 build on one",
        "again a-1 network try 1",
        "start a-1 build on one",
        "again a-1 network try 2",
        "start a-1 build on one",
        "over a-1 build well 3 one",
        "start a-1 prove on one",
        "over a-1 prove well 1 one",
    ]


@pytest.mark.parametrize("kind", [FailureClass.NETWORK, FailureClass.REGISTRY_BUSY])
def test_tries_are_bounded_in_count(kind: FailureClass) -> None:
    script = conduct(cell("a-1", AMD, 10, 5), times(kind, 99), patience=Patience(attempts=3, seconds=1e9))
    assert len(script.starts) == 3
    assert script.over_["a-1"] == Failure(kind=kind, message="as told")


def test_tries_are_bounded_in_time() -> None:
    script = conduct(
        cell("a-1", AMD, 100), times(FailureClass.NETWORK, 99), patience=Patience(attempts=50, seconds=220)
    )
    assert len(script.starts) == 3
    assert script.clock < 320


def test_what_a_server_asks_for_is_waited() -> None:
    script = conduct(cell("a-1", AMD, 10), times(FailureClass.REGISTRY_BUSY, 1, after=120.0))
    assert script.clock >= 10 + 120 + 10


@pytest.mark.parametrize(
    "kind",
    [
        FailureClass.COMPILE, FailureClass.CHECKSUM, FailureClass.UPSTREAM_GONE, FailureClass.PROOF, FailureClass.ARCHITECTURE,
        FailureClass.TIMEOUT, FailureClass.SILENCE, FailureClass.OUT_OF_MEMORY, FailureClass.UNKNOWN, FailureClass.EMULATOR_MISSING,
        FailureClass.UNACCELERATED,
    ],
)  # fmt: skip
def test_the_rest_fails_at_once_and_the_other_cells_go_on(kind: FailureClass) -> None:
    script = conduct([*cell("a-1", AMD, 10, 5), *cell("b-1", AMD, 9, 5)], times(kind, 99, only="a-1"))
    assert [one.task.cell for one in script.starts] == ["a-1", "b-1", "b-1"]
    assert (script.over_["a-1"], script.over_["b-1"]) == (Failure(kind=kind, message="as told"), None)


def test_an_emulator_that_crashes_is_tried_once_more_with_another_setting_on_another_node() -> None:
    script = conduct(
        cell("a-1", ARM, 10), times(FailureClass.EMULATOR_CRASH, 99), nodes=[machine(1), machine(1, name="two")]
    )
    assert [(one.node, one.careful) for one in script.starts] == [("one", False), ("two", True)]


def test_a_node_that_is_gone_is_left_out_and_costs_no_try() -> None:
    arm = machine(1, name="arm", native=(ARM,))
    script = conduct(
        [*cell("a-1", ARM, 10, 5), *cell("b-1", ARM, 9, 5)],
        lambda one: Failure(kind=FailureClass.ENGINE_LOST, message="EOF") if one.node == "arm" else None,
        nodes=[machine(2), arm],
        dead={"arm"},
        patience=Patience(attempts=1, seconds=0),
    )
    assert "lost arm engine lost" in script.log
    assert [(one.node, one.emulated) for one in script.starts[:3]] == [("arm", False), ("one", True), ("one", True)]
    assert script.over_ == {"a-1": None, "b-1": None}


def test_a_builder_that_still_answers_is_tried_again() -> None:
    script = conduct(cell("a-1", AMD, 10), times(FailureClass.ENGINE_LOST, 1))
    assert script.over_ == {"a-1": None}
    assert len(script.starts) == 2


def test_without_any_engine_left_the_run_ends_and_nothing_more_is_tried() -> None:
    tasks = [task for number in range(44) for task in cell(f"{number}-1", AMD, 10, 5)]
    script = conduct(tasks, lambda _: Failure(kind=FailureClass.ENGINE_LOST, message="EOF"), dead={"one"})
    assert len(script.starts) == 1
    assert len(script.over_) == 44
    assert all(one is not None and one.kind is FailureClass.ENGINE_LOST for one in script.over_.values())
    assert script.over_["43-1"] is not None
    assert script.over_["43-1"].message == "not tried: no living builder runs linux/amd64 (EOF)"


def test_a_registry_that_is_down_stops_the_run_after_three_cells() -> None:
    tasks = [task for number in range(44) for task in cell(f"{number}-1", AMD, 10, 5)]
    script = conduct(
        tasks, lambda _: Failure(kind=FailureClass.NETWORK, message="refused"), patience=Patience(attempts=1, seconds=0)
    )
    assert len(script.starts) == 3
    assert len(script.over_) == 44
    assert any(
        line.startswith("stopped 41 not tried: 3 cells in a row failed, the last with network") for line in script.log
    )


def test_a_build_that_goes_well_between_them_shows_that_the_network_is_there() -> None:
    tasks = [task for number in range(8) for task in cell(f"{number}-1", AMD, 10 - number / 10)]
    good = {"2-1", "5-1"}
    script = conduct(
        tasks,
        lambda one: None if one.task.cell in good else Failure(kind=FailureClass.NETWORK, message="refused"),
        patience=Patience(attempts=1, seconds=0),
    )
    assert len(script.starts) == 8


def test_a_full_disk_stops_the_run_at_once() -> None:
    tasks = [*cell("a-1", AMD, 10), *cell("b-1", AMD, 9), *cell("c-1", AMD, 8)]
    script = conduct(tasks, times(FailureClass.DISK_FULL, 1, only="a-1"))
    assert [one.task.cell for one in script.starts] == ["a-1"]
    assert {one.kind for one in script.over_.values() if one is not None} == {FailureClass.DISK_FULL}


def test_fail_fast_begins_nothing_new_but_brings_to_its_end_what_has_begun() -> None:
    tasks = [*cell("a-1", AMD, 5, 1), *cell("b-1", AMD, 10, 1), *cell("c-1", AMD, 4, 1)]
    script = conduct(tasks, times(FailureClass.COMPILE, 9, only="a-1"), nodes=[machine(2)], fail_fast=True)
    assert [f"{one.task.cell} {one.task.stage}" for one in script.starts] == ["b-1 build", "a-1 build", "b-1 prove"]
    assert script.over_["b-1"] is None
    assert script.over_["c-1"] == Failure(
        kind=FailureClass.CANCELLED, message="not tried: --fail-fast, and a cell has failed"
    )


def test_what_nothing_can_run_is_given_up_before_anything_starts() -> None:
    script = conduct([*cell("a-1", ARM, 10, 5), *cell("b-1", AMD, 10)], lambda _: None, emulation=Emulation.NEVER)
    assert script.log[:2] == [
        "stopped 1 not tried: no living builder runs linux/arm64/v8", "over a-1 build emulator missing 0 ",
    ]  # fmt: skip
    assert script.over_["b-1"] is None


def test_an_interruption_waits_for_what_runs_and_starts_nothing_more() -> None:
    tasks = [*cell("a-1", AMD, 10, 5), *cell("b-1", AMD, 9), *cell("c-1", AMD, 8)]
    script = Script(lambda _: Failure(kind=FailureClass.CANCELLED, message="stopped"), interrupt_at=2)
    conductor = Conductor(scheduler=Scheduler(tasks, [machine(2)]), workers=script, listener=script)
    with pytest.raises(KeyboardInterrupt):
        conductor.conduct()
    conductor.drain()
    assert len(script.starts) == 2
    assert {name: one.kind for name, one in script.over_.items() if one is not None} == {
        "a-1": FailureClass.CANCELLED, "b-1": FailureClass.CANCELLED, "c-1": FailureClass.CANCELLED,
    }  # fmt: skip


def led(tasks: Sequence[Task], script: Script, nodes: Sequence[Node], **more: object) -> Script:
    scheduler = Scheduler(tasks, nodes, home="home")
    Conductor(scheduler=scheduler, workers=script, listener=script, random=random.Random(0), **more).conduct()  # type: ignore[arg-type]
    return script


FARM = (machine(1, name="home"), machine(2, name="far"))


def test_without_the_engine_at_home_nothing_can_be_finished_anywhere() -> None:
    tasks = [task for number in range(10) for task in cell(f"{number}-1", AMD, 10, 5)]
    script = led(
        tasks,
        Script(
            lambda one: Failure(kind=FailureClass.ENGINE_LOST, message="EOF") if one.node == "home" else None,
            dead={"home"},
        ),
        FARM,
    )
    assert "lost home engine lost" in script.log
    assert len(script.starts) <= 5
    assert any("not tried: the engine does not answer: EOF" in line for line in script.log)
    assert len(script.over_) == 10


def test_a_full_disk_takes_a_builder_out_and_the_others_go_on() -> None:
    tasks = [task for number in range(6) for task in cell(f"{number}-1", AMD, 10, 5)]
    script = led(
        tasks,
        Script(lambda one: Failure(kind=FailureClass.DISK_FULL, message="no space") if one.node == "far" else None),
        FARM,
    )
    assert "lost far disk full" in script.log
    assert set(script.over_.values()) == {None}


def test_several_cells_on_a_lost_builder_all_go_elsewhere() -> None:
    tasks = [task for number in range(6) for task in cell(f"{number}-1", AMD, 10, 5)]
    script = led(
        tasks,
        Script(
            lambda one: Failure(kind=FailureClass.ENGINE_LOST, message="EOF") if one.node == "far" else None,
            dead={"far"},
        ),
        FARM,
        patience=Patience(attempts=1, seconds=0),
    )
    assert script.log.count("lost far engine lost") == 1
    assert set(script.over_.values()) == {None}
    assert sum(one.node == "far" for one in script.starts) == 2


def test_the_time_for_retries_is_counted_from_the_first_failure() -> None:
    script = conduct(
        cell("a-1", AMD, 4000), times(FailureClass.NETWORK, 1), patience=Patience(attempts=4, seconds=3600)
    )
    assert script.over_ == {"a-1": None}


def test_a_cell_that_is_dropped_while_it_rests_keeps_its_own_failure() -> None:
    def fails(one: Assignment) -> Failure | None:
        kind = {"a-1": FailureClass.REGISTRY_BUSY, "b-1": FailureClass.COMPILE}.get(one.task.cell)
        return None if kind is None else Failure(kind=kind, message=f"{kind} as told", after=500.0)

    script = conduct([*cell("a-1", AMD, 10), *cell("b-1", AMD, 9), *cell("c-1", AMD, 8)], fails, fail_fast=True)
    assert {name: one.message for name, one in script.over_.items() if one is not None} == {
        "a-1": "registry busy as told",
        "b-1": "compile error as told",
        "c-1": "not tried: --fail-fast, and a cell has failed",
    }
