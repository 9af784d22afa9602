"""What there is of each cell, as a table for people: as wide as the terminal, and below each other where that is too narrow."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from orchestrator.report.attempts import said_state
from orchestrator.report.stock import NOT_ASKED, ImageStock, Stock, Tag, age
from orchestrator.report.wording import count, harmless

_GAP = "  "
#: Characters of a digest in a table, and where there is more room.
_SHORT, _LONG = 7, 12


def stock_lines(
    stock: Sequence[ImageStock], *, live: bool, width: int, by_tag: bool = False, now: datetime | None = None
) -> list[str]:
    """Write a table of images by architectures, or of tags by architectures, and below it what is not as it should be.

    `live` says whether a run is alive; `width` are the columns that there are.
    """
    present = datetime.now(UTC) if now is None else now
    columns = list(dict.fromkeys(cell.cell.architecture.name for one in stock for cell in one.cells))
    lines = (
        _tag_lines(stock, columns, width, present)
        if by_tag
        else _image_lines(stock, columns, width, present, live=live)
    )
    return [*lines, *(line for one in stock for cell in one.cells for line in _trouble(cell, width, present, live=live)),
            *(line for one in stock for line in _elsewhere(one, width, by_tag=by_tag))]  # fmt: skip


def rough(seconds: float) -> str:
    """Write an age as roughly as anybody wants to know it: 48 s, 12 min, 31 h, 3 d."""
    for unit, size, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86400)} d"


def _image_lines(
    stock: Sequence[ImageStock], columns: Sequence[str], width: int, now: datetime, *, live: bool
) -> list[str]:
    rows = [["image", *(part for name in columns for part in (name, "age", "base", "proof")), "tags"]]
    for one in stock:
        cells = {cell.cell.architecture.name: cell for cell in one.cells}
        parts = [part for name in columns for part in _parts(cells.get(name), now, live=live)]
        rows.append([one.image.id, *parts, _share(one.all_tags)])
    wide = _table(rows)
    if max(map(len, wide)) <= width:
        return wide
    lines = []
    for one in stock:
        lines.append(f"{one.image.id}{_GAP}{_share(one.all_tags)} tags")
        for cell in one.cells:
            state, old, base, proof = _parts(cell, now, live=live, digits=_LONG)
            more = (f"for {old}" if old else "", f"base {base}" if base else "", f"proof {proof}" if proof else "")
            name = cell.cell.architecture.name
            lines += _folded(f"  {name:{max(map(len, columns))}}", [state, *filter(None, more)], width)
    return lines


def _parts(one: Stock | None, now: datetime, *, live: bool, digits: int = _SHORT) -> tuple[str, str, str, str]:
    if one is None:
        return "-", "", "", ""
    if one.latest is None:
        return "unbuilt", "", "", ""
    state, old = said_state(one.latest, live=live), rough(age(one.latest.started, now))
    return state, old, _cut(one.base, digits), one.proven_at[:10]


def _share(tags: Sequence[Tag]) -> str:
    """Say how many tags are published, or, where the registry was asked, how many lead where they were led to."""
    asked = any(tag.seen != NOT_ASKED for tag in tags)
    good = sum(
        tag.seen == tag.digest if asked and tag.digest else bool(tag.seen if asked else tag.when) for tag in tags
    )
    return f"{good}/{len(tags)}"


def _tag_lines(stock: Sequence[ImageStock], columns: Sequence[str], width: int, now: datetime) -> list[str]:
    lines: list[str] = []
    for one in stock:
        found = {(cell.cell.architecture.name, tag.name): tag for cell in one.cells for tag in cell.tags}
        found |= {("index", tag.name): tag for tag in one.tags}
        names = [*columns, *(["index"] if one.tags else [])]
        tags = (*one.image.tags, *one.image.shared_tags)
        rows = [[one.image.id, *names]]
        rows += [[f"  {tag}", *(_said(found.get((name, tag)), now) for name in names)] for tag in tags]
        wide = _table(rows)
        if max(map(len, wide)) <= width:
            lines += wide
            continue
        lines.append(one.image.id)
        for tag in tags:
            lines.append(f"  {tag}")
            for name in names:
                lines += _folded(f"    {name:{max(map(len, names))}}", [_said(found.get((name, tag)), now)], width)
    return lines


def _said(tag: Tag | None, now: datetime) -> str:
    if tag is None:
        return "-"
    known = f"{_cut(tag.digest, _SHORT)} {rough(age(tag.when, now))}" if tag.when else "never published"
    if tag.seen == NOT_ASKED or (tag.when and tag.seen == tag.digest):
        return known
    if tag.seen is None:
        return f"{known}, gone" if tag.when else known
    return f"{known}, now {_cut(tag.seen, _SHORT)}"


def _trouble(one: Stock, width: int, now: datetime, *, live: bool) -> list[str]:
    """Tell why the last attempt is not the proven one."""
    latest, proven = one.latest, one.proven
    if latest is None or latest == proven:
        return []
    why = f": {latest.failure_class}: {harmless(latest.message)}" if latest.failure_class else ""
    before = f"; proven {rough(age(proven.started, now))} ago as {proven.digest[:19]}" if proven is not None else ""
    said = f"{one.cell.id} {said_state(latest, live=live)} {rough(age(latest.started, now))} ago{why}{before}"
    return textwrap.wrap(said, width, subsequent_indent="  ") if width > 4 else [said]


def _elsewhere(one: ImageStock, width: int, *, by_tag: bool) -> list[str]:
    """Tell what the registry says otherwise than the ledger; with a row for each tag that is told there."""
    asked = [tag for tag in one.all_tags if tag.seen != NOT_ASKED]
    kinds: tuple[tuple[str, Callable[[Tag], bool]], ...] = (
        ("not there", lambda tag: tag.seen is None),
        ("led elsewhere than published here", lambda tag: bool(tag.seen and tag.when) and tag.seen != tag.digest),
    )
    lines: list[str] = []
    for word, fits in () if by_tag else kinds:
        some = [tag for tag in asked if fits(tag)]
        if some:
            more = f" and {count(len(some) - 1, 'tag')} more" if len(some) > 1 else ""
            lines += textwrap.wrap(f"{one.image.id}: {word}: {some[0].reference}{more}", width, subsequent_indent="  ")
    return lines


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
    return [_GAP.join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _folded(head: str, parts: Sequence[str], width: int) -> list[str]:
    """Put parts behind a head, below each other where they do not fit."""
    lines = [head]
    for part in parts:
        if len(lines[-1]) + len(_GAP) + len(part) > width and lines[-1].strip() not in {"", head.strip()}:
            lines.append(" " * len(head))
        lines[-1] += f"{_GAP}{part}"
    return lines


def _cut(digest: str, digits: int) -> str:
    return digest.removeprefix("sha256:")[:digits]
