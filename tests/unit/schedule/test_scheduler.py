"""What starts next, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config.settings import Emulation
from orchestrator.schedule.model import Node, Stage, Task
from orchestrator.schedule.scheduler import Priority, Scheduler, longest_way, results_early
from tests.unit.schedule.farms import AMD, ARM, cell, machine, matrix


def started(scheduler: Scheduler, now: float = 0.0) -> list[tuple[str, str, str, bool]]:
    return [(one.task.cell, str(one.task.stage), one.node, one.emulated) for one in scheduler.start(now)]


def test_the_longest_way_to_the_end_goes_first() -> None:
    tasks = [*cell("a-1", AMD, 10), *cell("b-1", AMD, 30), *cell("c-1", AMD, 20, 15)]
    scheduler = Scheduler(tasks, [machine(1)])
    assert started(scheduler) == [("c-1", "build", "one", False)]
    scheduler.finish("c-1", Stage.BUILD)
    assert started(scheduler) == [("b-1", "build", "one", False)]


def test_a_stage_follows_the_one_before_it_on_the_same_node() -> None:
    scheduler = Scheduler(cell("a-1", AMD, 10, 5), [machine(2), machine(2, name="two")])
    assert started(scheduler) == [("a-1", "build", "one", False)]
    scheduler.finish("a-1", Stage.BUILD, prove_on="two")
    assert started(scheduler) == [("a-1", "prove", "two", False)]
    scheduler.finish("a-1", Stage.PROVE)
    assert scheduler.done


def test_emulated_slots_are_a_part_of_all_slots() -> None:
    tasks = [task for number in range(4) for task in (*cell(f"{number}-a", ARM, 9), *cell(f"{number}-b", AMD, 1))]
    scheduler = Scheduler(tasks, [machine(3, emulated=2)])
    assert [(name, emulated) for name, _, _, emulated in started(scheduler)] == [
        ("0-a", True), ("1-a", True), ("0-b", False),
    ]  # fmt: skip


def test_jobs_limit_what_runs_over_all_nodes() -> None:
    scheduler = Scheduler(matrix(1, 4), [machine(4), machine(4, name="two")], jobs=3)
    assert len(started(scheduler)) == 3


FARM = [machine(2, name="amd"), machine(1, name="arm", native=(ARM,))]


def test_a_native_node_wins_over_emulation() -> None:
    scheduler = Scheduler([*cell("a-1", ARM, 9), *cell("b-1", ARM, 9)], FARM)
    assert started(scheduler) == [("a-1", "build", "arm", False)]


def test_emulation_takes_over_when_the_native_node_is_lost() -> None:
    scheduler = Scheduler([*cell("a-1", ARM, 9), *cell("b-1", ARM, 8)], FARM)
    started(scheduler)
    scheduler.lose("arm")
    scheduler.again("a-1", Stage.BUILD, at=0.0)
    assert started(scheduler) == [("a-1", "build", "amd", True), ("b-1", "build", "amd", True)]
    assert scheduler.impossible() == ()


def test_without_emulation_a_lost_native_node_leaves_its_cells_impossible() -> None:
    scheduler = Scheduler([*cell("a-1", ARM, 9), *cell("b-1", AMD, 8)], FARM, emulation=Emulation.NEVER)
    assert [one[:3] for one in started(scheduler)] == [("a-1", "build", "arm"), ("b-1", "build", "amd")]
    scheduler.lose("arm")
    scheduler.again("a-1", Stage.BUILD, at=0.0)
    assert started(scheduler) == []
    assert [task.cell for task in scheduler.impossible()] == ["a-1"]


def test_where_it_is_allowed_what_would_wait_longer_for_a_native_slot_is_emulated() -> None:
    tasks = [task for number in range(20) for task in cell(f"{number}-1", ARM, 10, factor=5)]
    allowed = Scheduler(tasks, FARM, emulation=Emulation.ALLOW)
    assert [(node, emulated) for _, _, node, emulated in started(allowed)] == [
        ("arm", False), ("amd", True), ("amd", True),
    ]  # fmt: skip
    few = Scheduler(tasks[:3], FARM, emulation=Emulation.ALLOW)
    assert [node for _, _, node, _ in started(few)] == ["arm"]


def test_a_node_that_does_not_build_only_proves() -> None:
    home = Node(name="home", native=frozenset({AMD}), slots=4, builds=False)
    scheduler = Scheduler([*cell("a-1", AMD, 9, 3), *cell("b-1", AMD, 8, 3)], [machine(1), home])
    assert [one[2] for one in started(scheduler)] == ["one"]
    scheduler.finish("a-1", Stage.BUILD, prove_on="home")
    assert started(scheduler) == [("b-1", "build", "one", False), ("a-1", "prove", "home", False)]


def test_what_rests_comes_back_at_its_time_and_keeps_from_the_node_that_failed() -> None:
    scheduler = Scheduler(cell("a-1", AMD, 9), [machine(1), machine(1, name="two")])
    started(scheduler)
    scheduler.again("a-1", Stage.BUILD, at=7.0, elsewhere=True, careful=True)
    assert scheduler.next_wake() == 7.0
    assert started(scheduler, 6.9) == []
    (again,) = scheduler.start(7.0)
    assert (again.node, again.tries, again.careful) == ("two", 2, True)


def test_the_only_node_is_taken_again_even_where_it_failed() -> None:
    scheduler = Scheduler(cell("a-1", AMD, 9), [machine(1)])
    started(scheduler)
    scheduler.again("a-1", Stage.BUILD, at=0.0, elsewhere=True)
    assert started(scheduler) == [("a-1", "build", "one", False)]


def test_what_is_given_up_takes_its_later_stages_along() -> None:
    scheduler = Scheduler([*cell("a-1", AMD, 9, 3), *cell("b-1", AMD, 1)], [machine(1)])
    started(scheduler)
    scheduler.give_up("a-1", Stage.BUILD)
    assert started(scheduler) == [("b-1", "build", "one", False)]
    scheduler.finish("b-1", Stage.BUILD)
    assert scheduler.done


@given(
    seed=st.integers(0, 10_000),
    images=st.integers(1, 12),
    slots=st.integers(1, 6),
    emulated=st.integers(1, 6),
    jobs=st.one_of(st.none(), st.integers(1, 8)),
    priority=st.sampled_from([longest_way, results_early]),
    arms=st.integers(0, 1),
)
def test_everything_runs_once_and_no_limit_is_ever_broken(
    seed: int, images: int, slots: int, emulated: int, jobs: int | None, priority: Priority, arms: int
) -> None:
    nodes = [
        machine(slots, emulated=min(slots, emulated)),
        *[machine(2, name="arm", native=(ARM,)) for _ in range(arms)],
    ]
    tasks = matrix(seed, images)
    scheduler = Scheduler(tasks, nodes, jobs=jobs, priority=priority)
    seen: list[tuple[str, Stage]] = []
    finished: set[tuple[str, Stage]] = set()
    while not scheduler.done:
        for assignment in scheduler.start(0.0):
            task = assignment.task
            seen.append((task.cell, task.stage))
            assert task.stage is Stage.BUILD or (task.cell, Stage.BUILD) in finished
        running = scheduler.running
        assert running
        assert jobs is None or len(running) <= jobs
        for node in nodes:
            here = [one for one in running if one.node == node.name]
            assert len(here) <= node.slots
            assert sum(one.emulated for one in here) <= node.emulated_slots
            assert all(one.emulated is (one.task.platform not in node.native) for one in here)
        one = min(running, key=lambda assignment: (assignment.expected, assignment.task.cell))
        scheduler.finish(one.task.cell, one.task.stage, prove_on=one.node)
        finished.add((one.task.cell, one.task.stage))
    assert sorted(seen) == sorted((task.cell, task.stage) for task in tasks)


@pytest.mark.parametrize("platform", ["linux/s390x", ARM])
def test_what_no_node_can_run_is_told(platform: str) -> None:
    tasks: list[Task] = cell("a-1", platform, 9, 3)
    scheduler = Scheduler(tasks, [machine(1, emulated=0)])
    assert started(scheduler) == []
    assert {task.cell for task in scheduler.impossible()} == {"a-1"}


def test_what_was_to_be_proven_on_a_lost_node_is_proven_at_home() -> None:
    nodes = [machine(1, name="home"), machine(3, name="far")]
    tasks = [task for name in ("a-1", "b-1", "c-1") for task in cell(name, AMD, 10, 5)]
    scheduler = Scheduler(tasks, nodes, home="home")
    where = {one.task.cell: one.node for one in scheduler.start(0.0)}
    assert where == {"a-1": "home", "b-1": "far", "c-1": "far"}
    scheduler.finish("b-1", Stage.BUILD, prove_on="far")
    assert started(scheduler) == [("b-1", "prove", "far", False)]
    scheduler.lose("far")
    scheduler.again("b-1", Stage.PROVE, at=0.0)
    # Its build ends well in the moment in which its node is lost: the image is at home.
    scheduler.finish("c-1", Stage.BUILD, prove_on="far")
    scheduler.finish("a-1", Stage.BUILD, prove_on="home")
    assert scheduler.impossible() == ()
    order = []
    while not scheduler.done:
        (one,) = scheduler.start(0.0)
        order.append((one.task.cell, one.node))
        scheduler.finish(one.task.cell, one.task.stage)
    assert sorted(order) == [("a-1", "home"), ("b-1", "home"), ("c-1", "home")]


def test_what_rests_is_not_woken_by_a_lost_node() -> None:
    nodes = [machine(1, name="home"), machine(1, name="far")]
    scheduler = Scheduler(cell("a-1", AMD, 10, 5), nodes, home="home")
    started(scheduler)
    scheduler.finish("a-1", Stage.BUILD, prove_on="far")
    started(scheduler)
    scheduler.again("a-1", Stage.PROVE, at=9.0)
    scheduler.lose("far")
    assert started(scheduler, 8.0) == []
    assert started(scheduler, 9.0) == [("a-1", "prove", "home", False)]
    assert scheduler.next_wake() is None


def test_one_that_avoids_a_node_keeps_nobody_else_from_it() -> None:
    tasks = [*cell("a-1", AMD, 100), *cell("b-1", AMD, 5), *cell("c-1", AMD, 4)]
    scheduler = Scheduler(tasks, [machine(1), machine(1, name="two")])
    assert [one[0] for one in started(scheduler)] == ["a-1", "b-1"]
    scheduler.again("a-1", Stage.BUILD, at=0.0, elsewhere=True)
    assert started(scheduler) == [("c-1", "build", "one", False)]
    scheduler.finish("b-1", Stage.BUILD)
    assert started(scheduler) == [("a-1", "build", "two", False)]


def test_where_nothing_may_be_emulated_no_proof_is() -> None:
    home = Node(name="home", native=frozenset({AMD}), slots=2, builds=False)
    arm = machine(1, name="arm", native=(ARM,), emulated=0)
    scheduler = Scheduler(cell("a-1", ARM, 10, 5), [arm, home], emulation=Emulation.NEVER, home="home")
    started(scheduler)
    scheduler.finish("a-1", Stage.BUILD, prove_on="home")
    assert started(scheduler) == []
    assert [task.stage for task in scheduler.impossible()] == [Stage.PROVE]
