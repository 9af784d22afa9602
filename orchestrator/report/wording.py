"""How spans of time and failures are put into words."""

from __future__ import annotations

import re

#: ECMA-48: control sequences, the strings of OSC, and what is left of control characters but the tabulator.
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def clock(seconds: float) -> str:
    """Write seconds as people read them: 48 s, 15:19, 1:02:03."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spoken(seconds: float) -> str:
    """Write a span with its units: 48 s, 15 min 19 s, 6 h 17 min."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def left(seconds: float) -> str:
    """Say how long something still takes, as roughly as it is known; below zero it is late, and says by how much."""
    if seconds <= -10:
        return f"overdue +{_rough(-seconds)}"
    if seconds < 5:
        return "any moment"
    return f"about {_rough(seconds)} left"


def _rough(seconds: float) -> str:
    if seconds < 55:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def count(number: int, noun: str) -> str:
    """Write `1 cell`, `2 cells`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def harmless(line: str, encoding: str = "utf-8") -> str:
    """Take out of a line from elsewhere what a terminal would obey, and write what the encoding lacks as escapes."""
    return _CONTROLS.sub("", line.replace("\n", " ")).encode(encoding, "backslashreplace").decode(encoding)
