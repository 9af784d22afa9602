"""`orchestrator report`: what a run came to, in every form that somebody reads."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import Common, choosing, chosen_cells, common, emit, emit_json
from orchestrator.completion import values
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.ledger.ledger import Ledger
    from orchestrator.matrix.model import Cell, Matrix
    from orchestrator.report.run.model import RunReport
    from orchestrator.report.run.story import Line
    from orchestrator.system.places import Places

#: The forms of `orchestrator.report.run.files.Form`, here so that --help imports nothing.
_FORMS = ("text", "mail", "junit", "json", "html", "badges", "repo-info", "all")
_MANY = ("badges", "repo-info", "all")
_LATEST = "latest"


@click.command(options_metavar="[OPTIONS] [RUN|latest]")
@click.option(
    "--format", "form", type=click.Choice(_FORMS), default="text", show_default=True, help="Which form to write."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where to: a file, or a directory (badges, repo-info and all are many files). Default: stdout.",
)
@click.option("--list", "show", is_flag=True, help="List the runs: number, command, when, how it went.")
@choosing(values.runs_and_ids)
@common
def command(told: Common, selection: Any, *, form: str, output: Path | None, show: bool) -> None:
    """Report a run: what failed, since when, whose change it was, and the command that reproduces it; then the counts.

    RUN is a number of --list; without one, or with the word latest, it is the newest run that worked on any of the cells. Cells and images that
    are named are all that the report is about. Nothing but the ledger and the logs is read: no engine is needed.

    Examples: orchestrator report; orchestrator report 12 --format junit --output junit.xml; orchestrator report --format all --output reports;
    orchestrator report --format mail | sendmail me@example.org
    """
    from orchestrator.ledger.opening import open_ledger  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.report.run.files import Form  # noqa: PLC0415
    from orchestrator.system.places import Places  # noqa: PLC0415

    if form in _MANY and output is None:
        raise UsageError(
            f"--format {form} writes many files, and needs a directory",
            mend=f"orchestrator report --format {form} --output reports",
        )
    places = Places.from_environment()
    number, chosen = _run_of(selection)
    matrix, cells = chosen_cells(told, chosen)
    with open_ledger(places.ledger, create=False) as ledger:
        if show:
            _list(told, ledger, places)
            return
        wanted = Form.JSON if told.json else Form(form)
        report = gather_run(ledger, matrix, number, places, told=told, cells=cells, whole=wanted in _WITH_CONTENTS)
    _write(report, wanted, output)


_WITH_CONTENTS = ("json", "html", "repo-info", "all")


def _run_of(selection: Any) -> tuple[int | None, Any]:
    """Take the run's number, or the word latest, from the front of what was named: no cell is called so."""
    ids: tuple[str, ...] = selection.ids
    if not ids:
        return None, selection
    rest = replace(selection, ids=ids[1:])
    if ids[0] == _LATEST:
        return None, rest
    # Of so many digits there is no run, and SQLite knows no greater number.
    return (int(ids[0][:18]), rest) if ids[0].isascii() and ids[0].isdigit() else (None, selection)


def gather_run(
    ledger: Ledger,
    matrix: Matrix,
    run: int | None,
    places: Places,
    *,
    told: Common,
    cells: Sequence[Cell] | None = None,
    whole: bool = False,
) -> RunReport:
    """Gather a run (None: the newest that worked on cells); `whole` also reads what is in its images."""
    from orchestrator.config.settings import load_settings  # noqa: PLC0415 - --help must not wait for it
    from orchestrator.publish.names import Names  # noqa: PLC0415
    from orchestrator.report.run.gathering import gather  # noqa: PLC0415

    settings = load_settings(told.config_path)
    names = None
    if settings.registry is not None:
        names = Names(registry=settings.registry, namespace=settings.namespace, repository=matrix.name)
    if not whole:
        return gather(ledger, matrix, run, places, names=names, cells=cells)
    from orchestrator.contents.store import read_contents  # noqa: PLC0415 - only where they are shown

    return gather(ledger, matrix, run, places, names=names, cells=cells, contents=partial(read_contents, places))


def tell_failures(
    ledger: Ledger, matrix: Matrix, run: int, places: Places, *, told: Common, cells: Sequence[Cell]
) -> None:
    """Put on stdout what failed of some cells in a run: the last screen of a command. Nothing, where nothing failed."""
    from orchestrator.report.run.story import failures  # noqa: PLC0415 - only when something was done

    report = gather_run(ledger, matrix, run, places, told=told, cells=cells)
    if lines := failures(report, width=_width()):
        _show(["", *lines])


def write_reports(
    ledger: Ledger, matrix: Matrix, run: int, places: Places, directory: Path, *, told: Common, cells: Sequence[Cell]
) -> None:
    """Write all reports of a run into a directory, and say so on stderr. Raises `EnvironmentFailedError` where that is not possible."""
    from orchestrator.report.run.files import Form, rendered, write_files  # noqa: PLC0415 - only when asked for

    report = gather_run(ledger, matrix, run, places, told=told, cells=cells, whole=True)
    written = list(write_files(directory, rendered(report, Form.ALL)))
    told.progress().note(f"{len(written)} reports written to {directory}")


def _write(report: RunReport, form: Any, output: Path | None) -> None:
    from orchestrator.report.run.files import rendered, write_file, write_files  # noqa: PLC0415 - only when asked for

    if output is None and form == "text":
        from orchestrator.report.run.story import summary_lines  # noqa: PLC0415

        _show(summary_lines(report, width=_width()))
    elif output is None:
        for _, data in rendered(report, form):
            emit(data.decode().removesuffix("\n"))
    elif form in _MANY or output.is_dir():
        written = list(write_files(output, rendered(report, form)))
        for path in written if len(written) <= 3 else ():
            emit(f"{path} written")
        if len(written) > 3:
            tops = dict.fromkeys(path.relative_to(output).parts[0] for path in written)
            emit(f"run {report.number}: {len(written)} files written to {output}: {', '.join(tops)}")
    else:
        for _, data in rendered(report, form):
            emit(f"{write_file(output, data)} written")


def _list(told: Common, ledger: Ledger, places: Places) -> None:
    from orchestrator.ledger.chronicle import Chronicle  # noqa: PLC0415 - only when asked for
    from orchestrator.pipeline.lock import at_work_since  # noqa: PLC0415
    from orchestrator.report.run.model import spoken_end  # noqa: PLC0415

    runs, since = Chronicle(ledger).runs(limit=1000), at_work_since(places)
    said = {
        one.number: spoken_end(
            one.command,
            one.exit_code,
            ended=one.ended is not None,
            going=one.ended is None and since is not None and since <= one.started,
        )
        for one in runs
    }
    if told.json:
        emit_json(
            [
                {
                    "run": one.number,
                    "command": one.command,
                    "started": one.started,
                    "ended": one.ended,
                    "code": one.exit_code,
                    "verdict": said[one.number],
                }
                for one in runs
            ]
        )
        return
    if not runs:
        emit("no runs yet")
    width = max((len(one.command) for one in runs), default=0)
    for one in runs:
        emit(f"{one.number:5}  {one.started[:16].replace('T', ' ')}  {one.command:{width}}  {said[one.number]}")


def _width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


_COLORS: dict[str, dict[str, Any]] = {
    "bad": {"fg": "red", "bold": True},
    "good": {"fg": "green"},
    "dim": {"dim": True},
    "command": {"fg": "cyan"},
    "plain": {},
}


def _show(lines: Sequence[Line | str]) -> None:
    colored = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in lines:
        if isinstance(line, str):
            emit(line)
        else:
            emit(click.style(line.text, **_COLORS[line.tone]) if colored and line.text else line.text)
