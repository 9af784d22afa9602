"""Unicode where it is shown, else ASCII."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.report.glyphs import ASCII, UNICODE, glyphs_for


def console(encoding: str = "utf-8") -> Console:
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding))


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8", "TERM": "xterm"}, True),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
        # Python says this where nothing was said: PEP 538.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "TERM": "dumb"}, False),
    ],
)
def test_the_locale_and_the_terminal_decide(environment: dict[str, str], *, unicode: bool) -> None:
    assert glyphs_for(console(), environment) is (UNICODE if unicode else ASCII)


def test_so_does_the_stream() -> None:
    assert glyphs_for(console("latin-1"), {"LANG": "C.UTF-8"}) is ASCII


def test_the_spinner_turns_and_ascii_is_ascii() -> None:
    assert len({UNICODE.spin(tenth / 10) for tenth in range(20)}) > 5
    assert all(ASCII.spin(tenth / 10).isascii() for tenth in range(20))
    assert (ASCII.separator + ASCII.ellipsis).isascii()


@pytest.mark.parametrize(
    ("width", "unicode", "plain"), [(6, "abcdef", "abcdef"), (5, "abcd…", "ab..."), (2, "a…", "..")]
)
def test_what_is_long_is_cut(width: int, unicode: str, plain: str) -> None:
    assert UNICODE.cut("abcdef", width) == unicode
    assert ASCII.cut("abcdef", width) == plain
