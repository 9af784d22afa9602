"""What is scheduled, and on what: tasks with their expected seconds, nodes with their slots."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What is done to a cell; a cell's stages follow one another."""

    BUILD = "build"
    PROVE = "prove"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A machine that works on cells: `slots` at once, of which at most `emulated_slots` may be emulated.

    `native` are the OCI platforms that it runs by itself, `emulated` those that it runs under an emulator. A node that does not build only
    proves what others have built.
    """

    name: str
    native: frozenset[str]
    emulated: frozenset[str] = frozenset()
    slots: int = 1
    emulated_slots: int = 0
    builds: bool = True

    def runs(self, platform: str) -> bool:
        """True when it can execute the platform in either way."""
        return platform in self.native or (platform in self.emulated and self.emulated_slots > 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One stage of one cell. `native` and `emulated` are the expected seconds of each way to execute it.

    `node` ties a task to a node (a proof is made where the image is; None: wherever the stage before it ran, else anywhere).
    """

    cell: str
    stage: Stage
    image: str
    platform: str
    native: float
    emulated: float
    node: str | None = None

    def seconds(self, *, emulated: bool) -> float:
        """The expected seconds of one way to execute it."""
        return self.emulated if emulated else self.native


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A task that is to start now, on a node; `expected` is in seconds.

    `tries` counts the starts of this task, this one included. `careful` asks for the settings under which an emulator crashes least.
    """

    task: Task
    node: str
    emulated: bool
    expected: float
    tries: int = 1
    careful: bool = False
