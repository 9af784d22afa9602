"""The project's promise of how near a run comes to what no schedule can beat, on matrices in the ratios that were measured."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping

import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.config.settings import Emulation
from orchestrator.schedule.bound import lower_bound
from orchestrator.schedule.conductor import Patience
from orchestrator.schedule.model import Node, Stage
from orchestrator.schedule.priorities import best_priority
from orchestrator.schedule.simulation import Actual, Simulated, simulate
from tests.unit.schedule.farms import AMD, ARM, cell, machine, matrix


def _ratios(nodes_of: str) -> list[float]:
    ratios = []
    for seed in range(200):
        rolls = random.Random(seed)
        tasks = matrix(seed, rolls.randint(1, 60))
        slots = rolls.randint(1, 16)
        nodes: list[Node] = [machine(slots)]
        if nodes_of == "two machines":
            nodes.append(machine(rolls.randint(1, 16), name="arm", native=(ARM,), emulated=0))
        result = simulate(tasks, nodes, priority=best_priority(tasks, nodes))
        assert not result.failed
        ratios.append(result.ratio)
    return sorted(ratios)


@pytest.mark.parametrize("nodes", ["one machine", "two machines"])
def test_the_makespan_is_within_a_tenth_of_the_lower_bound_for_19_of_20_random_matrices(nodes: str) -> None:
    ratios = _ratios(nodes)
    assert ratios[0] >= 1 - 1e-9
    assert ratios[189] <= 1.10
    assert statistics.median(ratios) <= 1.02


def _noisy(noise: Mapping[tuple[str, Stage], float]) -> Actual:
    return lambda one: one.expected * noise[one.task.cell, one.task.stage]


def test_durations_that_were_guessed_wrong_by_a_third_cost_little() -> None:
    ratios = []
    for seed in range(100):
        rolls = random.Random(seed)
        tasks, nodes = matrix(seed, rolls.randint(10, 40)), [machine(rolls.randint(1, 8))]
        noise = {(task.cell, task.stage): rolls.uniform(0.75, 1.33) for task in tasks}
        result = simulate(tasks, nodes, actual=_noisy(noise))
        busy = sum(step.end - step.start for step in result.steps)
        longest = max(
            sum(step.end - step.start for step in result.steps if step.cell == name)
            for name in {step.cell for step in result.steps}
        )
        ratios.append(result.makespan / max(busy / nodes[0].slots, longest))
    assert sorted(ratios)[94] <= 1.15


def test_the_bound_is_what_cannot_be_beaten() -> None:
    tasks = [*cell("a-1", AMD, 10), *cell("b-1", AMD, 10), *cell("c-1", AMD, 10)]
    assert lower_bound(tasks, [machine(2)]) == 15
    assert simulate(tasks, [machine(2)]).makespan == 20
    assert lower_bound(tasks, [machine(8)]) == 10
    assert lower_bound(tasks, [machine(8)], jobs=1) == 30
    assert lower_bound([*tasks, *cell("d-1", ARM, 10)], [machine(8)]) == 100
    assert lower_bound([*tasks, *cell("d-1", ARM, 10)], [machine(8)], emulation=Emulation.NEVER) == 10
    arm = machine(1, name="arm", native=(ARM,))
    assert lower_bound([*cell("d-1", ARM, 10), *cell("e-1", ARM, 10)], [machine(8), arm]) == 20
    assert lower_bound([], [machine(1)]) == 0


def test_nothing_to_do_takes_no_time() -> None:
    result = simulate([], [machine(2)])
    assert (result.makespan, result.ratio, result.utilisation) == (0.0, 1.0, {"one": 0.0, "": 0.0})


def test_failures_that_pass_are_tried_again_and_the_same_seed_gives_the_same_run() -> None:
    tasks = matrix(3, 20)

    def once(seed: int) -> Simulated:
        return simulate(
            tasks,
            [machine(4)],
            failures={FailureClass.NETWORK: 0.2},
            patience=Patience(attempts=12, seconds=1e9),
            seed=seed,
        )

    first = once(1)
    assert first.failed == {}
    assert first.retries == sum(step.failure is not None for step in first.steps) > 5
    assert first == once(1)
    assert first != once(2)
    assert first.makespan > simulate(tasks, [machine(4)]).makespan


def test_failures_that_do_not_pass_fail_their_cell_at_once() -> None:
    result = simulate(matrix(3, 20), [machine(4)], failures={FailureClass.COMPILE: 0.3})
    assert result.retries == 0
    assert set(result.failed.values()) == {FailureClass.COMPILE}
    assert 0 < len(result.failed) < 40
    assert max(sum(step.cell == name for step in result.steps) for name in result.failed) <= 2
