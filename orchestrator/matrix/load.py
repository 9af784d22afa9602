"""Strict loading: text to document, document to `Matrix`, one clear error for whatever is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from orchestrator.errors import InvalidFileError
from orchestrator.matrix import places
from orchestrator.matrix.assemble import assemble
from orchestrator.matrix.document import MatrixDocument
from orchestrator.matrix.model import Matrix
from orchestrator.system.files import read_text
from orchestrator.system.json_text import TOO_DEEP, parse_json
from orchestrator.system.strict import Problem, convert, dotted, strings

#: Everything a matrix may say can be said with these; the rest (quotes, $, backticks, braces, spaces, newlines ...) could mean
#: something to a shell, a template or a Dockerfile.
_HARMLESS = re.compile(r"[A-Za-z0-9._:/@+~-]*", re.ASCII)


def load_matrix(path: Path) -> Matrix:
    """Read and check a matrix. Raises `InvalidFileError` naming the file, the line, the place in the document and the mend."""
    return parse_matrix(read_text(path, what="matrix"), path)


def parse_matrix(text: str, path: Path) -> Matrix:
    """Check the text of a matrix; `path` is where it came from and what its Dockerfiles are relative to."""
    raw = parse_json(text, path, what="a matrix")
    try:
        _refuse_hostile(raw)
        return assemble(convert(raw, MatrixDocument), path)
    except Problem as problem:
        line, column = places.line_and_column(text, places.offset_of(text, problem.place))
        raise InvalidFileError(
            f"{path}:{line}:{column}: {dotted(problem.place)}: {problem.message}", mend=problem.mend
        ) from None
    except RecursionError:
        raise InvalidFileError(f"{path}: nested too deeply for a matrix", mend=TOO_DEEP) from None


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
