"""`orchestrator diff`: what a change of the data means."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, common, emit, emit_json, selection
from orchestrator.completion import repository
from orchestrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.compare.model import Comparison
    from orchestrator.compare.reading import Compared


class Format(StrEnum):
    """What a comparison is written as."""

    TEXT = "text"
    MARKDOWN = "markdown"


@click.command()
@click.argument("revision", required=False, metavar="[REV]", shell_complete=repository.revisions)
@click.option(
    "--to",
    metavar="REV",
    shell_complete=repository.revisions,
    help="Compare with the matrix at this revision (default: the working tree).",
)
@click.option(
    "--with",
    "other",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Compare the matrix with that of another file, without git.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([str(one) for one in Format]),
    help="text (default), or markdown for the comment of a pull request.",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 where something changed.")
@selection
@common
def command(
    told: Common,
    selection: Any,
    *,
    revision: str | None,
    to: str | None,
    other: Path | None,
    form: str | None,
    exit_code: bool,
) -> int:
    """Show what a change of the matrix means, from REV (default: HEAD) to the working tree: images, tags, packages, flags, what is built again.

    Rules and templates count as they were at each revision, where the repository has them. Cells or images behind REV leave the rest out.

    Examples: orchestrator diff; orchestrator diff HEAD~3 --to HEAD 3.7-slim; orchestrator diff origin/main --format markdown;
    orchestrator diff --matrix old.json --with new.json --exit-code
    """
    if told.json and form is not None:
        raise UsageError("--json and --format contradict each other", mend="leave out one of them")
    compared = _compared(told, revision, to, other)
    # Beside --with there is no revision: the first word chooses like the others.
    words = selection if other is None or revision is None else replace(selection, ids=(revision, *selection.ids))
    comparison = _chosen(compared, words)
    if told.json:
        from orchestrator.compare.document import document_of  # noqa: PLC0415 - --help must not wait for it

        emit_json(document_of(comparison))
    elif form == Format.MARKDOWN:
        from orchestrator.compare.markdown import markdown_of  # noqa: PLC0415 - --help must not wait for it

        emit(markdown_of(comparison).rstrip("\n"))
    else:
        _show(comparison)
    return int(ExitCode.CELLS_FAILED if exit_code and not comparison.empty else ExitCode.DONE)


def _compared(told: Common, revision: str | None, to: str | None, other: Path | None) -> Compared:
    from orchestrator.compare.reading import compare_files, compare_revisions  # noqa: PLC0415 - --help must not wait

    if other is None:
        try:
            return compare_revisions(told.matrix_path, "HEAD" if revision is None else revision, to)
        except UsageError as error:
            if revision is None or not _names_cells(told, revision):
                raise
            raise UsageError(
                error.message, mend=f"name the revision first: orchestrator diff HEAD {revision}"
            ) from error
    if to is not None:
        raise UsageError("--to and --with contradict each other", mend="leave out one of them")
    return compare_files(told.matrix_path, other)


def _names_cells(told: Common, word: str) -> bool:
    from orchestrator.errors import OrchestratorError  # noqa: PLC0415 - only after an error
    from orchestrator.select import Selection, select_cells  # noqa: PLC0415

    try:
        return bool(select_cells(told.matrix(), Selection(ids=(word,))))
    except OrchestratorError:
        return False


def _chosen(compared: Compared, wanted: Any) -> Comparison:
    from orchestrator.compare.narrowing import cells_of, narrow  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.select import Selection  # noqa: PLC0415

    if wanted == Selection():
        return compared.comparison
    matrices = [one for one in (compared.before, compared.after) if one is not None]
    return narrow(compared.comparison, cells_of(matrices, wanted))


def _show(comparison: Comparison) -> None:
    if sys.stdout.isatty() or "FORCE_COLOR" in os.environ:
        from orchestrator.compare.colour import coloured  # noqa: PLC0415 - rich is slow to import
        from orchestrator.report.console import make_console  # noqa: PLC0415

        make_console(stderr=False).print(coloured(comparison), soft_wrap=True)
        return
    from orchestrator.compare.text import text_of  # noqa: PLC0415 - --help must not wait for it

    emit(text_of(comparison))
