"""The text of a JSON file, read strictly: syntax errors have a line, and no key stands twice in one object."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from orchestrator.errors import InvalidFileError

#: Characters. The largest real file has some 6,000; whatever is far beyond is another file and would only cost time.
_LARGEST = 4 * 1024 * 1024
TOO_DEEP = "check that this is the right file"


#: What tells where objects begin and end, and which strings are keys.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*(:)?)|[{}\[\]]')


class _RepeatedKeyError(ValueError):
    """A key that stands twice in one object."""


def parse_json(text: str, path: Path, *, what: str) -> Any:
    """Parse the text of `path`; `what` names such a file in errors ("a matrix").

    Raises `InvalidFileError` with file and line for bad syntax, a repeated key, NaN, too deep nesting or more than 4 Mi characters.
    """
    if text.startswith("\ufeff"):
        raise InvalidFileError(
            f"{path}: there is a byte order mark before the JSON",
            mend="save the file as UTF-8 without a byte order mark",
        )
    if not text.strip():
        raise InvalidFileError(
            f"{path}: not valid JSON: the file is empty", mend="check that this is the right file, and whole"
        )
    if len(text) > _LARGEST:
        raise InvalidFileError(f"{path}: {len(text)} characters are too many for {what}", mend=TOO_DEEP)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except _RepeatedKeyError:
        key, at = _repeated(text)
        raise InvalidFileError(
            f"{path}:{text.count(chr(10), 0, at) + 1}: the key {json.dumps(key)} stands twice in the same object",
            mend="keep one of the two",
        ) from None
    except json.JSONDecodeError as error:
        raise InvalidFileError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}",
            mend="correct the syntax there (a missing comma or quote, a comma too many)",
        ) from None
    except RecursionError:
        raise InvalidFileError(f"{path}: nested too deeply for {what}", mend=TOO_DEEP) from None
    except ValueError as error:  # NaN, Infinity, an integer of thousands of digits
        raise InvalidFileError(f"{path}: not valid JSON: {str(error)[:120]}", mend="write plain JSON values") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _RepeatedKeyError
        seen[key] = value
    return seen


def _repeated(text: str) -> tuple[str, int]:
    """Find the first key that its object has already, and its offset. Up to there the text is valid JSON."""
    within: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            within.append(set())
        elif token[0] in "}]":
            within.pop()
        elif token[1]:
            key: str = json.loads(token[0])
            if key in within[-1]:
                return key, token.start()
            within[-1].add(key)
    raise AssertionError("only asked where a key stands twice")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
