"""The signs that a board is drawn with: Unicode where the terminal shows it, else ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.spinner import Spinner


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyphs:
    """A spinner by rich's name of it, what stands between parts of a line, and what stands for the part that was cut off."""

    spinner: str
    separator: str
    ellipsis: str
    ascii: bool

    def spin(self, seconds: float) -> str:
        """Give the spinner's picture at a moment."""
        spinner = Spinner(self.spinner)
        return spinner.frames[int(seconds * 1000 / spinner.interval) % len(spinner.frames)]

    def cut(self, text: str, width: int) -> str:
        """Shorten a text to `width` columns."""
        if len(text) <= width:
            return text
        return (text[: max(0, width - len(self.ellipsis))] + self.ellipsis)[: max(0, width)]


UNICODE = Glyphs(spinner="dots", separator=" · ", ellipsis="…", ascii=False)
ASCII = Glyphs(spinner="line", separator=" | ", ellipsis="...", ascii=True)


def glyphs_for(console: Console, environment: Mapping[str, str]) -> Glyphs:
    """Choose by the stream, the terminal and the locale."""
    unicode = (
        console.encoding.startswith("utf")
        and not console.legacy_windows
        and environment.get("TERM") != "dumb"
        and "utf" in _locale(environment).lower()
    )
    return UNICODE if unicode else ASCII


def _locale(environment: Mapping[str, str]) -> str:
    """Find the locale of characters, as POSIX says: the first that is set.

    In the C locale Python sets LC_CTYPE=C.UTF-8 by itself (https://peps.python.org/pep-0538/), which says nothing about the terminal.
    """
    ctype = environment.get("LC_CTYPE", "")
    if ctype == "C.UTF-8" and environment.get("LANG", "") in {"", "C", "POSIX"}:
        ctype = ""
    return environment.get("LC_ALL") or ctype or environment.get("LANG", "")
