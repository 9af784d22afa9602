"""The jobs of a CI system: one per cell or one per image, and what each is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.matrix.model import Cell
from orchestrator.plan.plan import PlannedCell


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What one job of a CI system does: the cells of one image, at least one, in the matrix's order.

    `id` is the cell's where each cell has a job of its own, else the image's.
    """

    id: str
    planned: tuple[PlannedCell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells themselves."""
        return tuple(one.cell for one in self.planned)


def job_per_cell(planned: Iterable[PlannedCell]) -> tuple[Job, ...]:
    """Give every cell a job of its own."""
    return tuple(Job(id=one.cell.id, planned=(one,)) for one in planned)


def job_per_image(planned: Sequence[PlannedCell]) -> tuple[Job, ...]:
    """Give every image a job for all of its cells that are there, so that it can be published from one place."""
    images = dict.fromkeys(one.cell.image.id for one in planned)
    return tuple(Job(id=name, planned=tuple(one for one in planned if one.cell.image.id == name)) for name in images)


def describe_job(job: Job) -> dict[str, Any]:
    """Give what both CI systems are told of a job. Lists are words with spaces between, as a command line takes them.

    `reason` may quote what a failed build said: a workflow hands it on as environment, never as a part of a script.
    """
    image = job.cells[0].image
    return {
        "id": job.id,
        "image": image.id,
        "line": image.line.name,
        "release": image.line.release,
        "variant": image.variant.name,
        "directory": image.directory,
        "cells": " ".join(cell.id for cell in job.cells),
        "arch": " ".join(cell.architecture.name for cell in job.cells),
        "platform": ",".join(str(cell.architecture.platform) for cell in job.cells),
        "action": " ".join(dict.fromkeys(str(one.action) for one in job.planned)),
        "reason": "; ".join(dict.fromkeys(one.reason for one in job.planned)),
    }
