"""Spans of time in words, and text from elsewhere made harmless."""

from __future__ import annotations

import pytest

from orchestrator.report.wording import clock, count, harmless, left


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0, "0 s"), (48.4, "48 s"), (59.6, "1:00"), (919, "15:19"), (3723, "1:02:03")],
)
def test_spans_are_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4 * 3600 + 1200, "about 4 h 20 min left"),
        (7200, "about 2 h left"),
        (3599, "about 1 h left"),
        (720, "about 12 min left"),
        (55, "about 1 min left"),
        (38, "about 40 s left"),
        (6, "about 10 s left"),
        (4, "any moment"),
        (0, "any moment"),
        (-9, "any moment"),
        (-20, "overdue +20 s"),
        (-60, "overdue +1 min"),
        (-180, "overdue +3 min"),
    ],
)
def test_what_is_left_is_rough_and_never_negative(seconds: float, text: str) -> None:
    assert left(seconds) == text


def test_one_is_singular() -> None:
    assert (count(1, "cell"), count(0, "cell"), count(41, "cell")) == ("1 cell", "0 cells", "41 cells")


def test_a_terminal_obeys_nothing_of_a_log() -> None:
    assert harmless("a\x1b[2J\x1b[31mb\x1b]0;title\x07c\rd\x08\te\x9b") == "abcd\te"
    assert harmless("one\ntwo") == "one two"
    assert harmless("café", "ascii") == "caf\\xe9"
