"""Strict conversion of parsed JSON or YAML into typed models, one clear problem with its exact place when it does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")

#: A way into a document: keys and indexes.
Place = tuple[str | int, ...]

#: What a string of a certain pattern is, for errors.
_DESCRIPTIONS: dict[str, str] = {}


class Strict(BaseModel):
    """An object in which an unknown key is an error, nothing is coerced and nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Problem(Exception):  # noqa: N818 - not an error of its own: whoever knows the file's name turns it into one
    """Something wrong at a place in a document, with its mend."""

    def __init__(self, place: Place, message: str, mend: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.mend = mend


def text(pattern: str, description: str, *, longest: int = 128) -> tuple[StringConstraints, Any]:
    """Constrain a string to a whole-string pattern; unpack it into `Annotated[str, *text(...)]`."""
    whole = f"^(?:{pattern})$"
    _DESCRIPTIONS[whole] = description
    return StringConstraints(pattern=whole, max_length=longest), Field(description=description)


def dotted(place: Place) -> str:
    """Write a place the way people read it: `lines["3.7"].variants[2]`."""
    parts = []
    for step in place:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif re.fullmatch(r"[a-z_][a-z0-9_]*", step):
            parts.append(f".{step}")
        else:
            parts.append(f"[{json.dumps(step)}]")
    return "".join(parts).removeprefix(".") or "the document"


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Name the nearest allowed word, else all of them."""
    names = list(allowed)
    close = get_close_matches(word, names, n=1)
    return f'did you mean "{close[0]}"?' if close else f"use one of: {', '.join(names) or '(none is declared)'}"


def strings(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every string in a document with its place, keys included."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from strings(key, (*place, key))
            yield from strings(member, (*place, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from strings(member, (*place, index))


def convert(raw: Any, shape: type[T]) -> T:
    """Convert parsed JSON or YAML into `shape`; raises `Problem` for the first thing that does not fit.

    The way leads through JSON text, because only there a list may become a tuple in strict mode:
    https://docs.pydantic.dev/latest/concepts/strict_mode/
    """
    try:
        return TypeAdapter(shape).validate_json(json.dumps(raw))
    except (TypeError, ValueError) as error:
        if isinstance(error, ValidationError):
            found = error.errors(include_url=False)
            # A misspelt key is also a missing one; its own error says more.
            unknown = (one for one in found if one["type"] == "extra_forbidden")
            _raise(next(unknown, found[0]), raw, shape)
        raise Problem((), f"there is a value that JSON cannot express: {error}", "write plain values") from None


def _raise(error: ErrorDetails, raw: Any, shape: Any) -> NoReturn:
    kind, context = error["type"], error.get("ctx", {})
    place, value = _resolve(error["loc"], raw)
    if kind == "extra_forbidden":
        raise Problem(place, "this key is not known here", did_you_mean(str(place[-1]), _known_keys(shape))) from None
    if kind == "missing":
        raise Problem(place, f'the key "{error["loc"][-1]}" is missing', f'add "{error["loc"][-1]}"') from None
    shown = json.dumps(value)[:80]
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        form = pattern.removeprefix("^(?:").removesuffix(")$")
        raise Problem(
            place, f"{shown} is not {_DESCRIPTIONS.get(pattern, 'of the right form')}", f"it has to match {form}"
        ) from None
    if kind in {"enum", "literal_error"}:
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        raise Problem(place, f"{shown} is not one of the choices", did_you_mean(str(value), choices)) from None
    message = error["msg"].replace("Input should be", f"{shown} should be").replace("JSON ", "")
    raise Problem(place, message[:1].lower() + message[1:], "give a value of the right type and size") from None


def _resolve(location: tuple[str | int, ...], raw: Any) -> tuple[Place, Any]:
    """Keep the steps that exist in the document: pydantic also names branches of unions and `[key]`."""
    place: list[str | int] = []
    for step in location:
        members: Any = dict(enumerate(raw)) if isinstance(raw, list) else raw
        if isinstance(members, dict) and step in members:
            raw = members[step]
            place.append(step)
    if location and location[-1] == "[key]" and place:
        return tuple(place), place[-1]
    return tuple(place), raw


def _known_keys(shape: Any) -> list[str]:
    """Every key that the models below `shape` know: enough to suggest from."""
    return list(dict.fromkeys(key for found in _properties(TypeAdapter(shape).json_schema()) for key in found))


def _properties(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema["properties"]
        for member in schema.values():
            yield from _properties(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from _properties(member)
