"""Strings of the page's data: each stands there once, others point at it by number; what may be left out has a budget."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.report.run.page.words import clean

#: What a number says where a text was left out for want of room.
LEFT_OUT = -1


class Texts:
    """A table of cleaned strings. `budget` is the number of characters that texts of less weight may take in all."""

    def __init__(self, *, budget: int = 0) -> None:
        self.table: list[str] = []
        self.left_out = 0
        self._budget = budget
        self._numbers: dict[str, int] = {}
        self._cleaned: dict[str, int] = {}

    def add(self, text: str) -> int:
        """Give the number of a text."""
        known = self._cleaned.get(text)
        if known is not None:
            return known
        cleaned = clean(text)
        number = self._numbers.get(cleaned)
        if number is None:
            number = self._numbers[cleaned] = len(self.table)
            self.table.append(cleaned)
        self._cleaned[text] = number
        return number

    def spare(self, text: str) -> int:
        """Give the number of a text that may be left out: `LEFT_OUT` where it is new and the budget is used up."""
        known = self._cleaned.get(text)
        if known is not None:
            return known
        if len(text) > self._budget:
            self.left_out += 1
            return LEFT_OUT
        self._budget -= len(text)
        return self.add(text)


def embedded(document: Any) -> str:
    """Write JSON that can stand in a `script` element: nothing in it can end the element or begin a comment or another script.

    Source: https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    """
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
