"""A comparison on a terminal: what is added in green, what is removed in red, titles in bold, and nothing else."""

from __future__ import annotations

from rich.text import Text

from orchestrator.compare.entries import Mark
from orchestrator.compare.model import Comparison
from orchestrator.compare.text import lines_of

_STYLES = {Mark.ADDED: "green", Mark.REMOVED: "red"}


def coloured(comparison: Comparison) -> Text:
    """Write the lines of `text_of`, coloured."""
    text = Text()
    for index, (mark, line) in enumerate(lines_of(comparison)):
        title = mark is None and not line.startswith((" ", "note: "))
        text.append("\n" if index else "")
        text.append(line, _STYLES.get(mark, "") if mark is not None else "bold" if title else "")
    return text
