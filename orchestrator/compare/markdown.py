"""A comparison as Markdown, to be a comment of a pull request: a line that says it all, then tables, the long ones folded.

Values stand in code spans, in which nothing is Markdown, no `@name` calls a person and no `#1` links to an issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.compare.entries import VANISHED, Cost, Entry, Mark, Section, costs_of, sections_of, summary_of
from orchestrator.compare.model import TAGS, Comparison, Topic
from orchestrator.compare.naming import listed
from orchestrator.report.wording import harmless

#: What GitHub takes as a comment, in characters; bytes are never fewer. Source: the API's own error, "body is too long (maximum is 65536 characters)".
LARGEST = 65_536
#: More entries of one kind are folded, in a table of their own.
_OPEN_ROWS = 8

_WORDS = {Mark.ADDED: "added", Mark.REMOVED: "removed", Mark.CHANGED: "changed", Mark.MOVED: "moved"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Something that is left out as a whole where there is no room; `name` then says what it was."""

    name: str
    text: str

    @property
    def size(self) -> int:
        return _size(self.text)


def markdown_of(comparison: Comparison, *, largest: int = LARGEST) -> str:
    """Write a comparison as GitHub's Markdown, ending with a line break, in at most `largest` bytes of UTF-8.

    Where it would be longer, the longest parts are left out as a whole, and a last line names them.
    """
    head = f"**{_code(comparison.before)} → {_code(comparison.after)}**: {_escaped(summary_of(comparison))}\n"
    parts = [*_parts(comparison)]
    dropped: list[_Part] = []
    while parts and _size(_joined(head, parts, dropped)) > largest:
        longest = max(parts, key=lambda part: part.size)
        parts.remove(longest)
        dropped.append(longest)
    return _joined(head, parts, dropped)


def _joined(head: str, parts: Sequence[_Part], dropped: Sequence[_Part]) -> str:
    left = f"Left out, as there is no room for it here: {_escaped(listed(part.name for part in dropped))}.\n"
    return "\n".join([head, *(part.text for part in parts), *([left] if dropped else [])])


def _parts(comparison: Comparison) -> Iterator[_Part]:
    sections = sections_of(comparison)
    costs = costs_of(comparison)
    if costs and not comparison.empty:
        yield _Part(name="what becomes of the cells", text=_costs(costs))
    short = [section for section in sections if _is_short(section)]
    if short:
        rows = [(_escaped(section.title), *_row_of(entry)) for section in short for entry in section.entries]
        name = listed(section.title for section in short)
        yield _Part(name=name, text=_table(("", "", "what", "before", "after", "where"), rows))
    for section in sections:
        if not _is_short(section):
            yield _Part(name=section.title, text=_folded(section))
    vanished = any(
        entry.topic in TAGS and entry.mark is Mark.REMOVED for section in sections for entry in section.entries
    )
    notes = [*map(_code, comparison.notes), *([_escaped(VANISHED)] if vanished else [])]
    if notes:
        yield _Part(name="notes", text="".join(f"- {note}\n" for note in notes))


def _costs(costs: Iterable[Cost]) -> str:
    rows = [(str(cost.count), _escaped(cost.fate), _escaped(cost.which)) for cost in costs]
    return _table(("cells", "", "which"), rows)


def _is_short(section: Section) -> bool:
    return len(section.entries) <= _OPEN_ROWS and not any(_is_block(entry) for entry in section.entries)


def _folded(section: Section) -> str:
    rows = [_row_of(entry) for entry in section.entries if not _is_block(entry)]
    parts = [_table(("", "what", "before", "after", "where"), rows)] if rows else []
    parts += [_block(entry) for entry in section.entries if _is_block(entry)]
    body = "\n".join(parts)
    return f"<details><summary>{_escaped(section.title)}: {len(section.entries)}</summary>\n\n{body}\n</details>\n"


def _row_of(entry: Entry) -> tuple[str, ...]:
    return (
        _WORDS[entry.mark],
        ", ".join(_code(name, table=True) for name in entry.names),
        _code(entry.before or "", table=True),
        _code(entry.after or "", table=True),
        _escaped(entry.where),
    )


def _is_block(entry: Entry) -> bool:
    return entry.topic is Topic.DOCKERFILE and entry.names == ("lines",)


def _block(entry: Entry) -> str:
    """Changed lines as a diff, in a fence that is longer than what they hold."""
    lines = [f"- {line}" for line in (entry.before or "").splitlines()]
    lines += [f"+ {line}" for line in (entry.after or "").splitlines()]
    text = "\n".join(harmless(line) for line in lines)
    fence = _fence(text, least=3)
    return f"In {_escaped(entry.where)}:\n\n{fence}diff\n{text}\n{fence}\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _code(text: str, *, table: bool = False) -> str:
    """Text as code on one line; in a table, its bars are escaped, as tables demand it even there."""
    line = harmless(" ".join(text.split()))
    if not line:
        return ""
    fence = _fence(line, least=1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line.replace('|', chr(92) + '|') if table else line}{space}{fence}"


def _fence(text: str, *, least: int) -> str:
    return "`" * max(least, max(map(len, re.findall(r"`+", text)), default=0) + 1)


def _escaped(text: str) -> str:
    """Words of our own, in which nothing is to mean anything in Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|&#~@])", r"\\\1", harmless(" ".join(text.split())))


def _size(text: str) -> int:
    return len(text.encode())
