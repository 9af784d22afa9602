"""A comparison as plain lines."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.compare.entries import VANISHED, Entry, Mark, costs_of, sections_of, summary_of
from orchestrator.compare.model import TAGS, Comparison, Fate, Topic
from orchestrator.report.wording import count, harmless

_COST_MARKS = {Fate.NEW: Mark.ADDED, Fate.GONE: Mark.REMOVED, Fate.BUILT: Mark.CHANGED}


def text_of(comparison: Comparison) -> str:
    """Write a comparison as lines, without a line break at the end."""
    return "\n".join(line for _, line in lines_of(comparison))


def lines_of(comparison: Comparison) -> Iterator[tuple[Mark | None, str]]:
    """Give every line, with the mark that it begins with; titles and notes have none."""
    yield None, harmless(f"{comparison.before} -> {comparison.after}: {summary_of(comparison)}")
    vanished = False
    for section in sections_of(comparison):
        yield None, ""
        yield None, section.title
        for entry in section.entries:
            vanished |= entry.topic in TAGS and entry.mark is Mark.REMOVED
            yield from ((mark, harmless(line)) for mark, line in _lines(entry))
    costs = costs_of(comparison)
    if costs and not comparison.empty:
        yield None, ""
        yield None, "Cost"
        for cost in costs:
            sign = _COST_MARKS.get(cost.kind)
            which = f": {cost.which}" if cost.which else ""
            yield sign, harmless(f"  {sign or ' '} {count(cost.count, 'cell')} {cost.fate}{which}")
    notes = (*comparison.notes, *((VANISHED,) if vanished else ()))
    if notes:
        yield None, ""
    yield from ((None, harmless(f"note: {note}")) for note in notes)


def _lines(entry: Entry) -> Iterator[tuple[Mark, str]]:
    where = f"  in {entry.where}" if entry.where else ""
    if entry.topic is Topic.DOCKERFILE and entry.names == ("lines",):
        yield Mark.CHANGED, f"  {Mark.CHANGED}{where.removeprefix(' ')}"
        for mark, lines in ((Mark.REMOVED, entry.before), (Mark.ADDED, entry.after)):
            yield from ((mark, f"      {mark} {line}") for line in (lines or "").splitlines())
        return
    yield entry.mark, f"  {entry.mark} {said(entry)}{where}"


def said(entry: Entry) -> str:
    """Say an entry without its mark and its place."""
    names = ", ".join(entry.names)
    if entry.topic in TAGS:
        place = f"{entry.before} -> {entry.after}" if entry.mark is Mark.MOVED else entry.after or entry.before
        return f"{place}: {names}"
    if entry.before is not None and entry.after is not None and entry.before != entry.after:
        return f"{names}: {entry.before} -> {entry.after}"
    value = entry.after if entry.before is None else entry.before
    if not value:
        return names
    return f"{names} ({value})" if entry.topic in {Topic.PACKAGE, Topic.MODULE} else f"{names}: {value}"
