"""The reports of a run as files: one of a form, or a directory of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError
from orchestrator.report.run.model import CellState, RunReport
from orchestrator.system.files import write_atomically


class Form(StrEnum):
    """The forms that a run is reported in."""

    TEXT = "text"
    MAIL = "mail"
    JUNIT = "junit"
    JSON = "json"
    HTML = "html"
    BADGES = "badges"
    REPO_INFO = "repo-info"
    ALL = "all"


def rendered(report: RunReport, form: Form) -> Iterator[tuple[str, bytes]]:
    """Write a report in a form: names of files, relative to a directory, and what is in them."""
    for one in (Form.JUNIT, Form.JSON, Form.HTML, Form.BADGES, Form.REPO_INFO) if form is Form.ALL else (form,):
        for name, text in _WRITERS[one](report):
            yield name, text.encode()


def write_files(directory: Path, files: Iterator[tuple[str, bytes]]) -> Iterator[Path]:
    """Write files into a directory, each whole or not at all. Raises `EnvironmentFailedError` when one cannot be written."""
    for name, data in files:
        yield write_file(directory / name, data)


def write_file(path: Path, data: bytes) -> Path:
    """Write one file, whole or not at all. Raises `EnvironmentFailedError` when it cannot be written."""
    try:
        write_atomically(path, data)
    except OSError as error:
        raise EnvironmentFailedError(
            f"{path}: the report cannot be written: {error.strerror or error}",
            mend="give another place with --output, or make its directory writable",
        ) from error
    return path


def _text(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.story import summary_lines  # noqa: PLC0415 - a writer is imported when it is asked for

    yield "report.txt", "\n".join(line.text for line in summary_lines(report)) + "\n"


def _mail(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.mail import mail  # noqa: PLC0415 - same

    yield "report.eml", mail(report).decode()


def _junit(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.junit import junit  # noqa: PLC0415 - same

    yield "junit.xml", junit(report)


def _json(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.document import document  # noqa: PLC0415 - same

    yield "report.json", json.dumps(document(report), indent=1) + "\n"


def _html(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.page.page import render  # noqa: PLC0415 - same

    yield "index.html", render(report)


def _badges(report: RunReport) -> Iterator[tuple[str, str]]:
    from orchestrator.report.run.badges import badges  # noqa: PLC0415 - same

    for name, drawn in badges(report).items():
        yield f"badges/{name}.svg", drawn


def _repo_info(report: RunReport) -> Iterator[tuple[str, str]]:
    """A page per cell that has an image."""
    from orchestrator.report.run.repo_info import repo_info  # noqa: PLC0415 - same

    for cell in report.cells:
        if cell.digest and cell.state is CellState.PROVEN:
            yield f"repo-info/{cell.id}.md", repo_info(cell)


_WRITERS: dict[Form, Callable[[RunReport], Iterator[tuple[str, str]]]] = {
    Form.TEXT: _text,
    Form.MAIL: _mail,
    Form.JUNIT: _junit,
    Form.JSON: _json,
    Form.HTML: _html,
    Form.BADGES: _badges,
    Form.REPO_INFO: _repo_info,
}
