"""The matrix of a GitHub Actions job, for `strategy: matrix: ${{ fromJSON(...) }}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Cell
from orchestrator.matrix.platforms import normalise
from orchestrator.report.lists.jobs import Job, describe_job

#: A matrix may not make more jobs.
#: Source: https://docs.github.com/en/actions/reference/limits
MOST_JOBS = 256

_AMD64 = "ubuntu-24.04"
_ARM64 = "ubuntu-24.04-arm"
#: What GitHub's own machines run without an emulator; everything else is emulated on the first.
#: Source: https://docs.github.com/en/actions/reference/runners/github-hosted-runners
_HOSTED = {"linux/amd64": _AMD64, "linux/386": _AMD64, "linux/arm64/v8": _ARM64}


def github_matrix(jobs: Sequence[Job], labels: Mapping[str, str]) -> dict[str, Any]:
    """Give `{"include": [...]}`, an entry per job; without jobs the list is empty, and the workflow has to skip the job that uses it.

    `labels` are runners by architecture that replace the default ones. Raises `UsageError` for more jobs than a matrix may have.
    """
    if len(jobs) > MOST_JOBS:
        raise UsageError(
            f"{len(jobs)} jobs are more than the {MOST_JOBS} that GitHub allows in one matrix",
            mend="give --per image, or choose fewer cells: a matrix for each --version",
        )
    return {"include": [_entry(job, labels) for job in jobs]}


def _entry(job: Job, labels: Mapping[str, str]) -> dict[str, Any]:
    runner = _runner(job, labels)
    return {
        **describe_job(job),
        "runner": runner,
        "emulated": any(not _runs(runner, cell, labels) for cell in job.cells),
    }


def _runner(job: Job, labels: Mapping[str, str]) -> str:
    """Take the runner on which most of the job's cells are native, the first of them where several are as good."""
    wanted = [
        labels.get(cell.architecture.name) or _HOSTED.get(normalise(str(cell.architecture.platform)), _AMD64)
        for cell in job.cells
    ]
    return max(dict.fromkeys(wanted), key=lambda runner: sum(_runs(runner, cell, labels) for cell in job.cells))


def _runs(runner: str, cell: Cell, labels: Mapping[str, str]) -> bool:
    """Tell whether a runner needs no emulator. A machine that is not GitHub's is what `--runner` says it is for."""
    if runner.startswith("ubuntu-"):
        hosted = _ARM64 if runner.endswith("-arm") else _AMD64
        return _HOSTED.get(normalise(str(cell.architecture.platform))) == hosted
    return labels.get(cell.architecture.name) == runner
