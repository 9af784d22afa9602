"""Which translation units are compiled both ways: `units.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from orchestrator.errors import InvalidFileError
from orchestrator.system.facts import read_facts
from orchestrator.system.strict import Strict, convert, text

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
    found = read_facts(path, lambda raw: convert({"groups": raw}, _Units), what="list of translation units")
    units = [unit for group in found.groups for unit in group.units]
    twice = sorted({unit for unit in units if units.count(unit) > 1})
    if twice:
        raise InvalidFileError(f"{path}: {twice[0]} stands there twice", mend="leave one of them out")
    return tuple(units)
