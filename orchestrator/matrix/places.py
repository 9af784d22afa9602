"""Where in the text of a JSON file a place is, so that an error can name line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from orchestrator.system.strict import Place

_BLANK = re.compile(r"[ \t\r\n]*")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Turn an offset into a line and a column, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_of(text: str, place: Place) -> int:
    """Find where the value at `place` starts in valid JSON; where the way leads nowhere, its last known ancestor."""
    at = _skip(text, 0)
    for step in place:
        found = _members(text, at).get(step)
        if found is None:
            return at
        at = found
    return at


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


@lru_cache(maxsize=64)
def _members(text: str, at: int) -> Mapping[str | int, int]:
    """Where the values of the object or list at `at` start, by key or index; kept, as many places of one file are asked for in turn."""
    found: dict[str | int, int] = {}
    if text[at : at + 1] not in {"{", "["}:
        return found
    decoder = json.JSONDecoder(strict=False)
    is_object = text[at] == "{"
    at = _skip(text, at + 1)
    index = 0
    while text[at : at + 1] not in {"}", "]", ""}:
        name: str | int = index
        if is_object:
            name, at = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        found.setdefault(name, at)
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        index += 1
    return found
