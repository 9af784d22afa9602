"""`orchestrator list`: the cells of the matrix, for people, for other programs and for CI."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.matrix.model import Cell, Matrix
    from orchestrator.plan.plan import PlannedCell
    from orchestrator.report.lists.jobs import Job


class Format(StrEnum):
    """What a list is written as."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    JENKINS = "jenkins"
    BAKE = "bake"


#: Those that tell others what to do: what has not changed is left out unless it is asked for.
_WORK = frozenset({Format.GITHUB, Format.JENKINS, Format.BAKE})
_JOBS = frozenset({Format.GITHUB, Format.JENKINS})


@click.command("list")
@click.option(
    "--format",
    "form",
    type=click.Choice([str(one) for one in Format]),
    help="text (default); json; the jobs of a GitHub Actions matrix or of Jenkins' parallel; or a docker-bake file.",
)
@click.option(
    "--changed/--all",
    default=None,
    help="Only cells that 'plan' has something to do for (default for github, jenkins, bake), or all of them.",
)
@click.option("--per", type=click.Choice(["cell", "image"]), help="github, jenkins: a job per cell (default) or image.")
@click.option(
    "--runner",
    multiple=True,
    metavar="ARCH=LABEL",
    shell_complete=values.runners,
    help="github, jenkins: the machines for an architecture. Repeatable.",
)
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PATH]",
    shell_complete=values.registries,
    help="bake: the registry of the tags (default: registry in the config).",
)
@selection
@common
def command(
    told: Common,
    selection: Any,
    *,
    form: str | None,
    changed: bool | None,
    per: str | None,
    runner: tuple[str, ...],
    registry: str | None,
) -> int:
    """Show the cells of the matrix, in published order, with their tags; or write them as work for a CI system or for buildx.

    What has changed is what 'plan' says, from the files and the ledger. github writes one line, for $GITHUB_OUTPUT.

    Examples: orchestrator list --version 3.7 --arch arm64v8; orchestrator list 3.7-slim-stretch --json; orchestrator list --format github;
    orchestrator list --format bake --all | docker buildx bake -f - 3_7-alpine3_8-amd64
    """
    wanted = Format(form) if form is not None else Format.JSON if told.json else Format.TEXT
    _check(told, wanted, jobs=bool(per or runner), registry=registry)
    matrix, cells = chosen_cells(told, selection)
    if wanted in _JOBS:
        _show_jobs(matrix, _planned(told, matrix, cells, changed=changed is not False), wanted, per or "cell", runner)
        return int(ExitCode.DONE)
    if changed or (changed is None and wanted in _WORK):
        cells = tuple(one.cell for one in _planned(told, matrix, cells, changed=True))
    if wanted is Format.BAKE:
        _show_bake(told, matrix, cells, registry)
    elif wanted is Format.JSON:
        from orchestrator.report.lists.cells import describe_cell  # noqa: PLC0415 - --help must not wait for it

        emit_json([describe_cell(cell) for cell in cells])
    else:
        _show_text(told, cells)
    return int(ExitCode.DONE)


def _check(told: Common, wanted: Format, *, jobs: bool, registry: str | None) -> None:
    """Refuse words that mean nothing together. Raises `UsageError`."""
    if told.json and wanted is Format.TEXT:
        raise UsageError("--json and --format text contradict each other", mend="leave out one of them")
    if jobs and wanted not in _JOBS:
        raise UsageError("--per and --runner are for jobs", mend="add --format github or --format jenkins")
    if registry is not None:
        from orchestrator.config.settings import REGISTRY  # noqa: PLC0415 - --help must not wait for it

        if wanted is not Format.BAKE:
            raise UsageError("--registry is for the tags of a bake file", mend="add --format bake")
        if not re.fullmatch(REGISTRY, registry):
            raise UsageError(f'"{registry[:80]}" cannot be --registry', mend="give something like localhost:5000")


def _planned(told: Common, matrix: Matrix, cells: Sequence[Cell], *, changed: bool) -> tuple[PlannedCell, ...]:
    from orchestrator.cli.plan import foreseen  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.config.settings import load_settings  # noqa: PLC0415
    from orchestrator.plan.plan import Action  # noqa: PLC0415

    planned = foreseen(matrix, cells, load_settings(told.config_path)).planned
    return tuple(one for one in planned if one.action is not Action.NOTHING) if changed else planned


def _show_jobs(
    matrix: Matrix, planned: Sequence[PlannedCell], wanted: Format, per: str, runners: Sequence[str]
) -> None:
    import json  # noqa: PLC0415 - only when asked for

    from orchestrator.report.lists.github import github_matrix  # noqa: PLC0415
    from orchestrator.report.lists.jenkins import jenkins_branches  # noqa: PLC0415
    from orchestrator.report.lists.jobs import job_per_cell, job_per_image  # noqa: PLC0415
    from orchestrator.report.lists.runners import read_runners  # noqa: PLC0415

    labels = read_runners(runners, [one.name for one in matrix.enabled])
    jobs: tuple[Job, ...] = job_per_image(planned) if per == "image" else job_per_cell(planned)
    if wanted is Format.JENKINS:
        emit_json(jenkins_branches(jobs, labels))
    else:
        # One line: a value in $GITHUB_OUTPUT ends with it.
        emit(json.dumps(github_matrix(jobs, labels), separators=(",", ":")))


def _show_bake(told: Common, matrix: Matrix, cells: Sequence[Cell], registry: str | None) -> None:
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.publish.names import Names  # noqa: PLC0415
    from orchestrator.report.lists.bake import bake_file  # noqa: PLC0415

    settings = load_settings(told.config_path)
    where = registry or settings.registry
    names = None if where is None else Names(registry=where, namespace=settings.namespace, repository=matrix.name)
    emit_json(bake_file(matrix, cells, names))


def _show_text(told: Common, cells: Sequence[Cell]) -> None:
    if not cells:
        told.progress().note("nothing has changed: 'orchestrator plan' says why")
        return
    width = max(len(cell.id) for cell in cells)
    platforms = max(len(str(cell.architecture.platform)) for cell in cells)
    for cell in cells:
        tags = " ".join((*cell.image.shared_tags, *cell.image.tags))
        emit(f"{cell.id:{width}}  {cell.image.line.release:7}  {cell.architecture.platform!s:{platforms}}  {tags}")
