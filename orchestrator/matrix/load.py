"""Strict loading: text to document, document to `Matrix`, one clear error for whatever is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from orchestrator.errors import InvalidFileError
from orchestrator.matrix import places
from orchestrator.matrix.assemble import assemble
from orchestrator.matrix.document import MatrixDocument
from orchestrator.matrix.model import Matrix
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, convert, dotted, strings

#: Everything a matrix may say can be said with these; the rest (quotes, $, backticks, braces, spaces, newlines ...) could mean
#: something to a shell, a template or a Dockerfile.
_HARMLESS = re.compile(r"[A-Za-z0-9._:/@+~-]*", re.ASCII)
#: Characters. The real file has some 6,000; whatever is far beyond is not a matrix and would only cost time.
_LARGEST = 4 * 1024 * 1024
_TOO_DEEP = "check that this is the right file"


class _RepeatedKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def load_matrix(path: Path) -> Matrix:
    """Read and check a matrix. Raises `InvalidFileError` naming the file, the line, the place in the document and the mend."""
    return parse_matrix(read_text(path, what="matrix"), path)


def parse_matrix(text: str, path: Path) -> Matrix:
    """Check the text of a matrix; `path` is where it came from and what its Dockerfiles are relative to."""
    raw = _parse_json(text, path)
    try:
        _refuse_hostile(raw)
        return assemble(convert(raw, MatrixDocument), path)
    except Problem as problem:
        line, column = places.line_and_column(text, places.offset_of(text, problem.place))
        raise InvalidFileError(
            f"{path}:{line}:{column}: {dotted(problem.place)}: {problem.message}", mend=problem.mend
        ) from None
    except RecursionError:
        raise InvalidFileError(f"{path}: nested too deeply for a matrix", mend=_TOO_DEEP) from None


def _parse_json(text: str, path: Path) -> Any:
    if len(text) > _LARGEST:
        raise InvalidFileError(f"{path}: {len(text)} characters are too many for a matrix", mend=_TOO_DEEP)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except _RepeatedKeyError as error:
        at = text.rfind(json.dumps(error.key, ensure_ascii=False))
        where = f":{places.line_and_column(text, at)[0]}" if at >= 0 else ""
        raise InvalidFileError(
            f"{path}{where}: the key {json.dumps(error.key)} stands twice in the same object",
            mend="keep one of the two",
        ) from None
    except json.JSONDecodeError as error:
        raise InvalidFileError(
            f"{path}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}",
            mend="correct the syntax there (a missing comma or quote, a comma too many)",
        ) from None
    except RecursionError:
        raise InvalidFileError(f"{path}: nested too deeply for a matrix", mend=_TOO_DEEP) from None
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


def _refuse_hostile(raw: Any) -> None:
    for where, text in strings(raw):
        # Sentences for people, which get into no Dockerfile; the document itself keeps control characters out of them.
        if where[:1] in {("best_effort_architectures",), ("hub",)}:
            continue
        match = _HARMLESS.match(text)
        end = match.end() if match else 0
        if end != len(text):
            raise Problem(
                where,
                f"the character {json.dumps(text[end])} is not allowed in {json.dumps(text[:80])}",
                "use only letters, digits and . _ : / @ + ~ -",
            )
        if ".." in text:
            raise Problem(
                where, f'".." is not allowed in {json.dumps(text[:80])}', "name the thing itself, not a way to it"
            )
