"""`orchestrator test`: prove images that exist."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, chosen_cells, common, emit, emit_json, selection
from orchestrator.completion import values
from orchestrator.errors import ExitCode, UsageError, summary

if TYPE_CHECKING:
    from orchestrator.matrix.model import Cell
    from orchestrator.pipeline.proving import Examination
    from orchestrator.prove.model import Outcome, Proof


@click.command("test")
@click.option("--list", "show", is_flag=True, help="List the proofs: what each claims, where it applies, its limits.")
@click.option(
    "--only",
    multiple=True,
    metavar="PROOF",
    shell_complete=values.proofs,
    help="Make only this proof, or all of a kind: recipe/environment, recipe, 'behaviour/*'. Repeatable.",
)
@click.option(
    "--skip", multiple=True, metavar="PROOF", shell_complete=values.proofs, help="Leave these out. Repeatable."
)
@click.option(
    "--image",
    metavar="REF",
    shell_complete=values.references,
    help="Prove this image of the engine, whoever built it; with --as.",
)
@click.option("--as", "as_cell", metavar="CELL", shell_complete=values.cells, help="What that image is to be.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=None,
    metavar="N",
    shell_complete=values.jobs,
    help="How many images at once (default: as many as there are CPUs, at most 4).",
)
@selection
@common
def command(
    told: Common,
    selection: Any,
    *,
    show: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    image: str | None,
    as_cell: str | None,
    jobs: int | None,
) -> int:
    """Prove images that are in the engine already, under the tags that 'build' gave them, or any other with --image and --as.

    Nothing is built, tagged or pulled, and no proof needs a network.

    Examples: orchestrator test 2.7-slim-bullseye-arm64v8; orchestrator test --list; orchestrator test --only security --version 3.7;
    orchestrator test --image arm64v8/python:3.7-alpine --as 3.7-alpine3.8-arm64v8
    """
    from orchestrator.prove.catalogue import choose  # noqa: PLC0415 - --help must not wait for it

    left_out = {proof.name for proof in choose(skip)} if skip else set()
    proofs = tuple(proof for proof in choose(only) if proof.name not in left_out)
    if show:
        _list(told, proofs)
        return int(ExitCode.DONE)
    if (image is None) != (as_cell is None):
        raise UsageError(
            "--image and --as go together: an image does not say by itself what it is to be",
            mend="orchestrator test --image REF --as 3.7-alpine3.8-arm64v8",
        )
    if not proofs:
        raise UsageError("no proof is left to make", mend="leave out --skip, or name others with --only")
    examinations, run = _examine(
        told, selection, proofs, image, as_cell, jobs or min(os.cpu_count() or 1, 4), bool(only or skip)
    )
    if told.json:
        emit_json([_describe(one) for one in examinations])
    else:
        for one in examinations:
            _sum_up(one)
        if any(one.failure is not None for one in examinations):
            _tell_failures(told, run, [one.examinee.cell for one in examinations])
    code = summary(one.failure.code for one in examinations if one.failure is not None)
    if code is ExitCode.DONE and not all(one.outcomes for one in examinations):
        # Nothing was asked of an image: that must not look like an image that was proven.
        code = ExitCode.USAGE
    return int(code)


def _examine(
    told: Common,
    selection: Any,
    proofs: tuple[Proof, ...],
    image: str | None,
    as_cell: str | None,
    jobs: int,
    partly: bool,  # noqa: FBT001 - private
) -> tuple[tuple[Examination, ...], int]:
    """Prove, and remember it; gives the number of the run, too."""
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.pipeline.proving import Examinee, examine_all, remember, siblings  # noqa: PLC0415
    from orchestrator.pipeline.workshop import open_workshop  # noqa: PLC0415
    from orchestrator.prove.containers.owners import sweep  # noqa: PLC0415
    from orchestrator.publish.names import local_references  # noqa: PLC0415
    from orchestrator.select import Selection, select_cells  # noqa: PLC0415

    if as_cell is not None:
        if selection != Selection():
            raise UsageError(
                "--image proves one image: it takes no other cells", mend=f"leave out all but --as {as_cell}"
            )
        matrix = told.matrix()
        cells = select_cells(matrix, Selection(ids=(as_cell,)))
        if len(cells) != 1:
            raise UsageError(
                f"--as {as_cell} names {len(cells)} cells", mend=f"name one, with its architecture: {cells[0].id}"
            )
    else:
        matrix, cells = chosen_cells(told, selection)
    with open_workshop(matrix, load_settings(told.config_path), told.progress()) as shop:
        if swept := sweep(shop.client):
            shop.progress.note(f"removed {swept} containers and images that a killed run had left")
        executions = shop.executions(cells)
        examinees = [
            Examinee(
                cell=cell,
                reference=image or local_references(matrix, cell)[0],
                execution=executions[cell.architecture.name],
                peers=siblings(shop, cell),
            )
            for cell in cells
        ]
        width = max(len(cell.id) for cell in cells)
        with shop.ledger.run("test") as run:
            examinations = examine_all(
                shop,
                examinees,
                proofs,
                jobs=jobs,
                on_outcome=lambda cell, outcome: None if told.json else _tell(f"{cell.id:{width}}", outcome),
            )
            for one in examinations:
                remember(shop, run.number, one, everything=not partly)
            run.code = summary(one.failure.code for one in examinations if one.failure is not None)
    return examinations, run.number


def _tell_failures(told: Common, run: int, cells: Sequence[Cell]) -> None:
    from orchestrator.cli.report import tell_failures  # noqa: PLC0415 - only where something failed
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    places = Places.from_environment()
    with open_ledger(places.ledger, create=False) as ledger:
        tell_failures(ledger, told.matrix(), run, places, told=told, cells=cells)


def _list(told: Common, proofs: tuple[Proof, ...]) -> None:
    from orchestrator.prove.cells import describe  # noqa: PLC0415 - --help must not wait for it

    if told.json:
        emit_json(
            [
                {
                    "name": proof.name,
                    "kind": str(proof.kind),
                    "claim": proof.claim,
                    "link": proof.link,
                    "applies": describe(proof.applies),
                    "seconds": proof.seconds,
                    "emulated_factor": proof.emulated_factor,
                    "runs_the_image": proof.live,
                    "needs": list(proof.needs),
                }
                for proof in proofs
            ]
        )
        return
    for proof in proofs:
        where = "" if describe(proof.applies) == "Every cell" else f" [{describe(proof.applies)}]"
        limit = f" At most {proof.seconds:.0f} s, emulated {proof.limit(emulated=True):.0f} s." if proof.live else ""
        emit(f"{click.style(proof.name, bold=True):27}{where} {proof.claim}{limit} {proof.link}")


_STYLES = {"passed": ("ok  ", "green"), "failed": ("FAIL", "red"), "not made": ("    ", "yellow")}


def _tell(cell: str, outcome: Outcome) -> None:
    word, color = _STYLES[str(outcome.verdict)]
    detail = f"not made: {outcome.detail}" if word.isspace() else outcome.detail
    emit(f"{cell}  {click.style(word, fg=color)}  {outcome.name:26} {outcome.seconds:5.1f} s  {detail}")


def _sum_up(one: Examination) -> None:
    passed = sum(outcome.passed for outcome in one.outcomes)
    cell = one.examinee.cell.id
    how = f"{one.examinee.execution}, {one.seconds:.1f} s"
    if not one.outcomes:
        emit(click.style(f"{cell}: no proof was made: none of those chosen applies to it ({how})", fg="yellow"))
        return
    if one.failure is None:
        emit(click.style(f"{cell}: all {passed} proofs passed ({how})", fg="green"))
        return
    emit(
        click.style(
            f"{cell}: REFUSED: {one.failure.message} ({passed} of {len(one.outcomes)} proofs passed; {how})", fg="red"
        )
    )
    if one.log is not None:
        emit(f"    all that was said: {one.log}")


def _describe(one: Examination) -> dict[str, Any]:
    return {
        "id": one.examinee.cell.id,
        "reference": one.examinee.reference,
        "digest": one.digest,
        "ok": one.passed,
        "executed": str(one.examinee.execution),
        "seconds": one.seconds,
        "log": str(one.log) if one.log else "",
        "proofs": [
            {
                "name": outcome.name,
                "passed": outcome.passed,
                "verdict": str(outcome.verdict),
                "detail": outcome.detail,
                "seconds": outcome.seconds,
            }
            for outcome in one.outcomes
        ],
    }
