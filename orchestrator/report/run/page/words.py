"""How text of the ledger, sizes and moments are written on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from orchestrator.report.wording import harmless

#: Marks that turn the direction of what follows them: a log could make a command read otherwise than it is copied.
#: Source: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def clean(text: str) -> str:
    """Take out what a terminal would obey, write marks that turn the direction as `<U+202E>`, and keep lines apart.

    The result holds no lone surrogate, so that it can be written as UTF-8. It is still text, not HTML.
    """
    lines = (harmless(line) for line in text.splitlines())
    return _TURNS.sub(lambda mark: f"<U+{ord(mark[0]):04X}>", "\n".join(lines))


def size(count: int) -> str:
    """Write bytes as people read them: 312 MB, 1.2 GB, 48 kB; empty for none."""
    for unit, one in _UNITS:
        if count >= one:
            value = count / one
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
    return f"{count} B" if count else ""


def moment(when: datetime) -> str:
    """Write a moment in UTC to the minute; the page's script rewrites it in the reader's own time."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def stamp(when: datetime) -> str:
    """Write a moment as the `datetime` attribute of `time` wants it."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
