"""Which translation units are compiled both ways: `units.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from orchestrator.errors import InvalidFileError
from orchestrator.system.files import read_text
from orchestrator.system.strict import Problem, Strict, convert, dotted, text

UNITS = Path(__file__).parent / "units.yaml"

Unit = Annotated[str, *text(r"[A-Z][a-z]+/[A-Za-z0-9_]+\.o", "an object as CPython's Makefile calls it")]


class _Group(Strict):
    why: Annotated[str, Field(min_length=10, max_length=400)]
    link: Annotated[str, *text(r"https://[^\s]+", "an https link", longest=200)]
    units: Annotated[tuple[Unit, ...], Field(min_length=1)]


class _Units(Strict):
    groups: Annotated[tuple[_Group, ...], Field(min_length=1)]


@cache
def load_units(path: Path = UNITS) -> tuple[str, ...]:
    """Load the units, in the order of the file. Raises `InvalidFileError` naming file and place."""
    content = read_text(path, what="list of translation units")
    try:
        found = convert({"groups": yaml.safe_load(content)}, _Units)
    except yaml.YAMLError as error:
        raise InvalidFileError(f"{path}: not valid YAML: {error}", mend="correct the syntax there") from None
    except Problem as problem:
        raise InvalidFileError(f"{path}: {dotted(problem.place)}: {problem.message}", mend=problem.mend) from None
    units = [unit for group in found.groups for unit in group.units]
    twice = sorted({unit for unit in units if units.count(unit) > 1})
    if twice:
        raise InvalidFileError(f"{path}: {twice[0]} stands there twice", mend="leave one of them out")
    return tuple(units)
