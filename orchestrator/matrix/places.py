"""Where in the text of a JSON file a place is, so that an error can name line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.system.strict import Place

_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A member of an object or a list: its key or index, where it begins (with its key), where its value begins, and where that ends."""

    name: str | int
    start: int
    value: int
    end: int


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Turn an offset into a line and a column, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_of(text: str, place: Place) -> int:
    """Find where the value at `place` starts in valid JSON; where the way leads nowhere, its last known ancestor."""
    at = _skip(text, 0)
    for step in place:
        found = _starts(text, at).get(step)
        if found is None:
            return at
        at = found
    return at


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


@lru_cache(maxsize=64)
def _starts(text: str, at: int) -> Mapping[str | int, int]:
    """Where the values of the object or list at `at` start, by key or index; of a key that stands twice the first one."""
    found: dict[str | int, int] = {}
    for member in members(text, at):
        found.setdefault(member.name, member.value)
    return found


@lru_cache(maxsize=64)
def members(text: str, at: int) -> tuple[Member, ...]:
    """Give the members of the object or list at `at`, in order; none of anything else. Kept, as many places of one file are asked for in turn."""
    if text[at : at + 1] not in {"{", "["}:
        return ()
    decoder = json.JSONDecoder(strict=False)
    is_object = text[at] == "{"
    at = _skip(text, at + 1)
    found: list[Member] = []
    while text[at : at + 1] not in {"}", "]", ""}:
        start = at
        name: str | int = len(found)
        if is_object:
            name, at = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        value = at
        _, at = decoder.raw_decode(text, at)
        found.append(Member(name=name, start=start, value=value, end=at))
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return tuple(found)
