"""The text of a JSON file, read strictly: syntax errors have a line, and no key stands twice in one object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from orchestrator.errors import InvalidFileError

#: Characters. The largest real file has some 6,000; whatever is far beyond is another file and would only cost time.
_LARGEST = 4 * 1024 * 1024
TOO_DEEP = "check that this is the right file"


class _RepeatedKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def parse_json(text: str, path: Path, *, what: str) -> Any:
    """Parse the text of `path`; `what` names such a file in errors ("a matrix").

    Raises `InvalidFileError` with file and line for bad syntax, a repeated key, NaN, too deep nesting or more than 4 Mi characters.
    """
    if len(text) > _LARGEST:
        raise InvalidFileError(f"{path}: {len(text)} characters are too many for {what}", mend=TOO_DEEP)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except _RepeatedKeyError as error:
        at = text.rfind(json.dumps(error.key, ensure_ascii=False))
        line = text.count("\n", 0, at) + 1
        raise InvalidFileError(
            f"{path}{f':{line}' if at >= 0 else ''}: the key {json.dumps(error.key)} stands twice in the same object",
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
            raise _RepeatedKeyError(key)
        seen[key] = value
    return seen


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
