"""Random matrices with durations in the ratios that were measured, and nodes to run them on."""

from __future__ import annotations

import random
from collections.abc import Sequence

from orchestrator.schedule.model import Node, Stage, Task

AMD, ARM = "linux/amd64", "linux/arm64/v8"


def cell(name: str, platform: str, build: float, prove: float = 0.0, *, factor: float = 10.0) -> list[Task]:
    """The tasks of one cell; emulated stages take `factor` times as long."""
    image = name.rpartition("-")[0] or name

    def task(stage: Stage, seconds: float) -> Task:
        return Task(
            cell=name, stage=stage, image=image, platform=platform, native=seconds, emulated=seconds * factor
        )  # fmt: skip

    return [task(Stage.BUILD, build), *([task(Stage.PROVE, prove)] if prove else [])]


def matrix(seed: int, images: int, platforms: Sequence[str] = (AMD, ARM)) -> list[Task]:
    """Builds of 75 to 200 s natively and 12 to 18 times that emulated, proofs of 15 to 23 s and 5.5 to 8 times that."""
    rolls = random.Random(seed)
    tasks: list[Task] = []
    for number in range(images):
        compile_ = rolls.uniform(75, 200)
        for platform in platforms:
            for stage, seconds, factor in (
                (Stage.BUILD, compile_ * rolls.uniform(0.9, 1.1), rolls.uniform(12, 18)),
                (Stage.PROVE, rolls.uniform(15, 23), rolls.uniform(5.5, 8)),
            ):
                tasks.append(
                    Task(
                        cell=f"{number}-{platform}", stage=stage, image=str(number), platform=platform, native=seconds,
                        emulated=seconds * factor,
                    )
                )  # fmt: skip
    return tasks


def machine(slots: int, *, emulated: int | None = None, name: str = "one", native: Sequence[str] = (AMD,)) -> Node:
    """A node that runs some platforms natively and emulates the rest."""
    return Node(
        name=name,
        native=frozenset(native),
        emulated=frozenset({AMD, ARM}) - frozenset(native),
        slots=slots,
        emulated_slots=slots if emulated is None else emulated,
    )
