"""Changes to the text of a JSON file that leave every other character of it as it is: its order, its spaces and its line breaks.

What is written follows the house style of `versions.json`: an object or a list on one line, unless it holds another one; its lines end and are
indented as those of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.matrix.places import members, offset_of
from orchestrator.system.strict import Place

#: The first member of the document on a line of its own: how the file's lines end, and by how much a level is indented.
_LAYOUT = re.compile(r"\s*[{\[][ \t]*(\r?\n)([ \t]+)\S")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """How lines end in a file, and by how much a level is indented."""

    newline: str = "\n"
    step: str = "  "

    @classmethod
    def of(cls, text: str) -> _Layout:
        """Look at the first member of a document; one that is on a single line says nothing."""
        found = _LAYOUT.match(text)
        return cls() if found is None else cls(newline=found[1], step=found[2])


def value_at(text: str, place: Place) -> Any:
    """Give the value at `place` of valid JSON. Raises `KeyError` where the way leads nowhere."""
    value: Any = json.loads(text)
    for step in place:
        # Letters of a string and negative indexes are no places, although Python would find something there.
        inside = dict(enumerate(value)) if isinstance(value, list) else value if isinstance(value, dict) else {}
        value = inside[step]
    return value


def put(text: str, place: Place, value: Any) -> str:
    """Replace the value at `place`, which has to be there. Raises `KeyError`."""
    value_at(text, place)
    at = offset_of(text, place)
    _, end = json.JSONDecoder().raw_decode(text, at)
    return text[:at] + _written(value, _indent_of(text, at), _Layout.of(text)) + text[end:]


def insert(text: str, place: Place, value: Any, *, before: str | int | None = None) -> str:
    """Add a member to the object or list at `place[:-1]`: the key is `place[-1]` (no matter for a list).

    It comes before the member `before`; without one, or where there is none of that name, it comes last. Raises `KeyError` where there is no
    such object or list, or where the object has that key already.
    """
    container = value_at(text, place[:-1])
    if not isinstance(container, dict | list) or (isinstance(container, dict) and place[-1] in container):
        raise KeyError(place[-1])
    at = offset_of(text, place[:-1])
    there = members(text, at)
    layout = _Layout.of(text)
    key = f"{json.dumps(place[-1], ensure_ascii=False)}: " if isinstance(container, dict) else ""
    if not there:
        _, end = json.JSONDecoder().raw_decode(text, at)
        return f"{text[: at + 1]}{key}{_written(value, _indent_of(text, at), layout)}{text[end - 1 :]}"
    first = text[at + 1 : there[0].start]
    broken = "\n" in first
    gap = first if broken else " "
    indent = first.rsplit("\n", 1)[-1] if broken else _indent_of(text, at)
    new = key + _written(value, indent, layout)
    follower = next((one for one in there if one.name == before), None)
    if follower is None:
        end = there[-1].end
        return f"{text[:end]},{gap}{new}{text[end:]}"
    return f"{text[: follower.start]}{new},{gap}{text[follower.start :]}"


def remove(text: str, place: Place) -> str:
    """Take out the member at `place`, with its comma. Raises `KeyError` where there is none."""
    value_at(text, place)
    at = offset_of(text, place[:-1])
    there = members(text, at)
    if len(there) == 1:
        _, end = json.JSONDecoder().raw_decode(text, at)
        return text[: at + 1] + text[end - 1 :]
    index = next(index for index, one in enumerate(there) if one.name == place[-1])
    if index + 1 < len(there):
        return text[: there[index].start] + text[there[index + 1].start :]
    return text[: there[index - 1].end] + text[there[index].end :]


def _indent_of(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _written(value: Any, indent: str, layout: _Layout) -> str:
    """Write a value whose first line is indented by `indent`."""
    inner = indent + layout.step
    if isinstance(value, Mapping):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_written(one, inner, layout)}" for key, one in value.items()]
        opening, closing, broken = "{", "}", any(_holds(one) for one in value.values())
    elif isinstance(value, list | tuple):
        parts = [_written(one, inner, layout) for one in value]
        opening, closing, broken = "[", "]", any(_holds(one) for one in value)
    else:
        return json.dumps(value, ensure_ascii=False)
    if not broken:
        return opening + ", ".join(parts) + closing
    start = layout.newline + inner
    return f"{opening}{start}{f',{start}'.join(parts)}{layout.newline}{indent}{closing}"


def _holds(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)
