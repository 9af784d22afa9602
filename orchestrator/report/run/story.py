"""What failed, since when, whose change it was and how to see it oneself, as text for people; nothing is said where nothing failed."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from orchestrator.report.run.model import CellReport, CellState, FailureLine, RunReport
from orchestrator.report.wording import count, harmless, spoken

#: Cells that are named, groups that are told in full, lines of a log.
_NAMED, _GROUPS, _LINES = 8, 12, 8
_LABEL = 10
_NARROWEST = 30


class Tone(StrEnum):
    """How a line stands out where there are colours."""

    PLAIN = "plain"
    BAD = "bad"
    GOOD = "good"
    DIM = "dim"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the story."""

    text: str
    tone: Tone = Tone.PLAIN


def failure_lines(report: RunReport, *, width: int | None = None) -> list[str]:
    """Tell the failures of a run as plain text, see `failures`."""
    return [line.text for line in failures(report, width=width)]


def failures(report: RunReport, *, width: int | None = None) -> list[Line]:
    """Tell the failures of a run, those with one cause together; empty where there are none.

    No line is wider than `width` columns (None: 100), but for commands, paths and words that are themselves wider.
    """
    failed = [cell for cell in report.cells if cell.touched and cell.state is CellState.FAILED]
    if not failed:
        return []
    columns = max(_NARROWEST, width or 100)
    groups = _grouped(failed)
    lines = [Line(text=_wrapped(_heading(report, len(failed)), columns), tone=Tone.BAD)]
    for group in groups[:_GROUPS]:
        lines += [Line(text=""), *_told(group, report, columns)]
    if len(groups) > _GROUPS:
        rest = sum(len(group) for group in groups[_GROUPS:])
        everything = f"orchestrator report {report.number} --format html --output report.html"
        text = f"{count(rest, 'more cell')} failed for other reasons: {everything}"
        lines += [Line(text=""), Line(text=_wrapped(text, columns))]
    return [Line(text=part, tone=line.tone) for line in lines for part in line.text.split("\n")]


def summary_lines(report: RunReport, *, width: int | None = None) -> list[Line]:
    """Tell a whole run: its failures first, then how it went, the counts, and what was published and what held back."""
    columns = max(_NARROWEST, width or 100)
    lines = failures(report, width=width)
    lines += [Line(text="")] if lines else []
    ended = "" if report.ended is None else f", took {spoken((report.ended - report.started).total_seconds())}"
    said = f"run {report.number} ({report.command}), {said_time(report.started)}{ended}: {report.verdict}"
    good = report.code == 0
    lines.append(Line(text=_wrapped(said, columns), tone=Tone.GOOD if good else Tone.PLAIN))
    lines += [Line(text=_wrapped(text, columns)) for text in _counted(report)]
    lines += [
        Line(text=_wrapped(f"{image}: not published: {harmless(reason)}", columns))
        for image, reason in report.held_back
    ]
    return [Line(text=part, tone=line.tone) for line in lines for part in line.text.split("\n")]


def said_time(when: datetime) -> str:
    """Write a moment as people read it, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _heading(report: RunReport, failed: int) -> str:
    worked_on = sum(cell.touched for cell in report.cells)
    return f"{failed} of {count(worked_on, 'cell')} FAILED in run {report.number} ({report.command})"


def _counted(report: RunReport) -> Iterator[str]:
    touched = Counter(cell.state for cell in report.cells if cell.touched)
    parts = [f"{touched[state]} {state}" for state in CellState if touched[state]]
    yield f"worked on {count(touched.total(), 'cell')}: {', '.join(parts)}" if parts else "worked on no cell"
    rest = Counter(cell.state for cell in report.cells if not cell.touched)
    if rest:
        yield f"left alone: {', '.join(f'{rest[state]} {state}' for state in CellState if rest[state])}"
    before = [cell for cell in report.cells if not cell.touched and cell.state is CellState.FAILED]
    if before:
        yield f"failing since before: {_names(before)}"
    if report.published:
        yield f"{count(len(report.published), 'reference')} published"


def _grouped(failed: Sequence[CellReport]) -> list[list[CellReport]]:
    """Put cells together that failed in the same way after the same change; large groups first, else in published order."""
    groups: dict[tuple[object, ...], list[CellReport]] = {}
    for cell in failed:
        failure = cell.failure
        cause = () if failure is None else (failure.kind, failure.message, failure.changed, failure.since_run)
        groups.setdefault(cause, []).append(cell)
    return sorted(groups.values(), key=len, reverse=True)


def _told(group: Sequence[CellReport], report: RunReport, columns: int) -> Iterator[Line]:
    cell, failure = group[0], group[0].failure
    if failure is None:
        yield Line(text=_wrapped(f"{_names(group)}: it is not known why", columns), tone=Tone.BAD)
        return
    yield Line(text=_wrapped(f"{_names(group)}: {failure.kind}", columns), tone=Tone.BAD)
    where = f" on {cell.node}" if cell.node else ""
    how = f" ({cell.executed}{where})" if cell.executed else ""
    yield _field("what", f"{harmless(failure.message)}{how}" if failure.message else f"not known{how}", columns)
    yield _field("since", _since(failure, report), columns)
    for number, text in enumerate(_changed(cell, failure)):
        yield _field("changed" if number == 0 else "", text, columns)
    # Where the log is gone the proofs stand for it, and one alone has been named already.
    tail = [line for line in failure.tail if line.strip() and line != failure.message][-_LINES:]
    for number, line in enumerate(tail):
        yield Line(text=_cut(f"{_label('last lines' if number == 0 else '')}{harmless(line)}", columns), tone=Tone.DIM)
    if cell.log:
        yield Line(text=f"{_label('log')}{cell.log}", tone=Tone.DIM)
    yield Line(text=f"{_label('reproduce')}{failure.reproduce}", tone=Tone.COMMAND)
    if failure.otherwise:
        yield Line(text=f"{_label('')}{failure.otherwise}", tone=Tone.COMMAND)


def _since(failure: FailureLine, report: RunReport) -> str:
    if failure.since is None or failure.since_run is None:
        return "it is not known since when"
    if failure.since_run == report.number:
        return "this run" + (
            f"; proven before in run {failure.proven_run} ({said_time(failure.proven)})"
            if failure.proven is not None
            else ""
        )
    return f"{said_time(failure.since)}, run {failure.since_run}: {failure.times} runs in a row"


def _changed(cell: CellReport, failure: FailureLine) -> Sequence[str]:
    if failure.changed:
        return tuple(harmless(one) for one in failure.changed)
    if cell.digest and cell.attempt is None:
        return ("nothing is known of how this image was made: it was not built here",)
    if failure.proven is None:
        return ("nothing to compare with: it was never proven",)
    since = f"since it was proven in run {failure.proven_run}"
    return (f"nothing that goes into the image {since}: look outside (network, mirrors, the machine)",)


def _names(cells: Sequence[CellReport]) -> str:
    more = f" and {len(cells) - _NAMED} more" if len(cells) > _NAMED else ""
    return ", ".join(cell.id for cell in cells[:_NAMED]) + more


def _label(word: str) -> str:
    return f"  {word:{_LABEL}} "


def _field(word: str, text: str, columns: int) -> Line:
    return Line(text=_wrapped(text, columns, first=_label(word), rest=_label("")))


def _wrapped(text: str, columns: int, *, first: str = "", rest: str = "  ") -> str:
    """Break a text between words; one that is wider than the line stays whole, so that it can be copied."""
    return textwrap.fill(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cut(text: str, columns: int) -> str:
    text = text.expandtabs(4)
    return text if len(text) <= columns else f"{text[: columns - 3]}..."
