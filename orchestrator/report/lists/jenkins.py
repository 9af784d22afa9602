"""The branches of a scripted `parallel` step of Jenkins, for `readJSON`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.report.lists.jobs import Job, describe_job
from orchestrator.report.lists.runners import label_of


def jenkins_branches(jobs: Sequence[Job], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give a map per branch: what the job does, `stage` to name it, and `label` of the agents that may do it.

    Agents are labelled by architecture (`arm64v8`) unless `labels` has another label for it.
    """
    return [
        {
            **describe_job(job),
            "stage": job.id,
            "label": label_of(
                (cell.architecture.name for cell in job.cells), labels, default=job.cells[0].architecture.name
            ),
        }
        for job in jobs
    ]
