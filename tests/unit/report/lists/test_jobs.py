"""The jobs of GitHub Actions and Jenkins, and where they run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.build.execution import Execution
from orchestrator.errors import UsageError
from orchestrator.matrix.model import Architecture, Cell, Matrix, Platform
from orchestrator.plan.key import Key
from orchestrator.plan.plan import Action, Known, PlannedCell
from orchestrator.report.lists.github import MOST_JOBS, github_matrix
from orchestrator.report.lists.jenkins import jenkins_branches
from orchestrator.report.lists.jobs import job_per_cell, job_per_image
from orchestrator.report.lists.runners import read_runners

KNOWN = Known(dockerfile="FROM scratch\n", base_digest="", execution=Execution(emulator=""))


def planned(matrix: Matrix, *ids: str, arch: Architecture | None = None) -> tuple[PlannedCell, ...]:
    """Plan these cells to be built, on another architecture where one is given."""
    cells = [cell for cell in matrix.cells if cell.id in ids]
    moved = [cell if arch is None else replace(cell, architecture=arch) for cell in cells]
    key = Key(value="k", ingredients={})
    return tuple(
        PlannedCell(cell=cell, key=key, action=Action.BUILD, reason=f"why {number}", known=KNOWN)
        for number, cell in enumerate(moved)
    )


def both(matrix: Matrix) -> tuple[PlannedCell, ...]:
    return planned(matrix, "3.7-alpine3.8-amd64", "3.7-alpine3.8-arm64v8")


def test_github_is_told_all_of_a_cell(matrix: Matrix) -> None:
    include = github_matrix(job_per_cell(both(matrix)), {})["include"]
    assert include[1] == {
        "id": "3.7-alpine3.8-arm64v8",
        "image": "3.7-alpine3.8",
        "line": "3.7",
        "release": "3.7.2",
        "variant": "alpine3.8",
        "directory": "3.7/alpine3.8",
        "cells": "3.7-alpine3.8-arm64v8",
        "arch": "arm64v8",
        "platform": "linux/arm64/v8",
        "action": "build",
        "reason": "why 1",
        "runner": "ubuntu-24.04-arm",
        "emulated": False,
    }
    assert (include[0]["runner"], include[0]["emulated"]) == ("ubuntu-24.04", False)


def test_a_job_per_image_has_all_of_its_cells_and_emulates_one(matrix: Matrix) -> None:
    (entry,) = github_matrix(job_per_image(both(matrix)), {})["include"]
    assert entry["id"] == "3.7-alpine3.8"
    assert entry["cells"] == "3.7-alpine3.8-amd64 3.7-alpine3.8-arm64v8"
    assert (entry["arch"], entry["platform"]) == ("amd64 arm64v8", "linux/amd64,linux/arm64/v8")
    assert (entry["runner"], entry["emulated"]) == ("ubuntu-24.04", True)
    assert (entry["action"], entry["reason"]) == ("build", "why 0; why 1")


@pytest.mark.parametrize(
    ("arch", "platform", "runner", "emulated"),
    [
        ("i386", "linux/386", "ubuntu-24.04", False),
        ("arm32v7", "linux/arm/v7", "ubuntu-24.04", True),
        ("ppc64le", "linux/ppc64le", "ubuntu-24.04", True),
        ("arm64v8", "linux/arm64", "ubuntu-24.04-arm", False),
    ],
)
def test_what_github_runs_natively(matrix: Matrix, arch: str, platform: str, runner: str, *, emulated: bool) -> None:
    other = Architecture(name=arch, platform=Platform.parse(platform))
    jobs = job_per_cell(planned(matrix, "3.7-alpine3.8-amd64", arch=other))
    (entry,) = github_matrix(jobs, {})["include"]
    assert (entry["runner"], entry["emulated"]) == (runner, emulated)


def test_a_machine_of_ones_own_is_what_it_is_said_to_be_for(matrix: Matrix) -> None:
    labels = {"arm64v8": "graviton"}
    entries = github_matrix(job_per_cell(both(matrix)), labels)["include"]
    assert [(one["runner"], one["emulated"]) for one in entries] == [("ubuntu-24.04", False), ("graviton", False)]
    hosted = github_matrix(job_per_cell(both(matrix)), {"arm64v8": "ubuntu-latest"})["include"]
    assert (hosted[1]["runner"], hosted[1]["emulated"]) == ("ubuntu-latest", True)


def test_more_jobs_than_a_matrix_may_have_are_an_error_and_images_are_fewer(matrix: Matrix) -> None:
    many = tuple(replace(one, cell=cell) for one in both(matrix)[:1] for cell in _repeated(matrix, MOST_JOBS + 1))
    with pytest.raises(UsageError, match="257 jobs are more than the 256") as caught:
        github_matrix(job_per_cell(many), {})
    assert "--per image" in caught.value.mend
    assert len(github_matrix(job_per_cell(many[:MOST_JOBS]), {})["include"]) == MOST_JOBS
    assert len(github_matrix(job_per_image(many), {})["include"]) == 22


def _repeated(matrix: Matrix, number: int) -> list[Cell]:
    return [matrix.cells[index % len(matrix.cells)] for index in range(number)]


def test_nothing_to_do_is_an_empty_list(matrix: Matrix) -> None:
    assert github_matrix((), {}) == {"include": []}
    assert jenkins_branches((), {}) == []
    assert job_per_image(planned(matrix)) == ()


def test_branches_of_jenkins_are_called_like_their_cells_and_go_where_the_architecture_is(matrix: Matrix) -> None:
    first, second = jenkins_branches(job_per_cell(both(matrix)), {"arm64v8": "linux && arm64"})
    assert (first["stage"], first["label"]) == ("3.7-alpine3.8-amd64", "amd64")
    assert (second["stage"], second["label"]) == ("3.7-alpine3.8-arm64v8", "linux && arm64")
    (image,) = jenkins_branches(job_per_image(both(matrix)), {})
    assert (image["stage"], image["label"]) == ("3.7-alpine3.8", "amd64")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["arm64v8"], "is not a runner"),
        (["arm64v8="], "is not a runner"),
        (["arm64v8=x\ny"], "is not a runner"),
        (["arm64=x"], 'there is no architecture "arm64"'),
        (["arm64v8=a", "arm64v8=b"], "two runners"),
    ],
)
def test_what_is_no_runner(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_runners(words, ["amd64", "arm64v8"])
    assert caught.value.mend


def test_runners_are_read() -> None:
    assert read_runners(["arm64v8=linux && arm64", "amd64=a"], ["amd64", "arm64v8"]) == {
        "arm64v8": "linux && arm64",
        "amd64": "a",
    }
