"""Whatever happens to versions.json: it loads, or it is refused clearly; and what is rendered holds only what the file may say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import ExitCode, InvalidFileError
from orchestrator.matrix.load import parse_matrix
from orchestrator.matrix.model import Matrix
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import render, template_directories
from tests.unit.conftest import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "versions.json").read_text(encoding="utf-8"))
PATH = ROOT / "versions.json"
MARK = "mutated"


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        found += _places(member, (*place, key))
    return found


PLACES = _places(DOCUMENT)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            'x"', "$(id)", "`id`", "a\nRUN id", "{{ image }}", "../..", "a b", "alpine9.9", "3.8.1", "0" * 64, MARK, "latest",
            "stretch", "linux/riscv64", f"debian:{MARK}", "https://example.com/x", "",
        ]
    ),
)  # fmt: skip
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=8), SCALARS, max_size=3))


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(PLACES))
        holder: Any = document
        try:
            for step in place[:-1]:
                holder = holder[step]
            kind = draw(st.sampled_from(["replace", "delete", "rename", "repeat"]))
            if kind == "delete":
                del holder[place[-1]]
            elif kind == "rename" and isinstance(holder, dict):
                holder[draw(st.text(max_size=10))] = holder.pop(place[-1])
            elif kind == "repeat" and isinstance(holder, list):
                holder.append(holder[place[-1]])
            else:
                holder[place[-1]] = draw(VALUES)
        except (KeyError, IndexError, TypeError):
            continue  # the first mutation took the second one's place away
    return document


def _rendered(matrix: Matrix) -> dict[str, str]:
    directories = template_directories(matrix)
    return {image.directory: render(recipe_for(image), directories) for image in matrix.images}


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_loads_or_is_refused_with_one_clear_error(document: dict[str, Any]) -> None:
    refusal: InvalidFileError | None = None
    try:
        rendered = _rendered(parse_matrix(json.dumps(document), PATH))
    except InvalidFileError as error:
        refusal = error
        rendered = {}
    if refusal is not None:
        assert refusal.code is ExitCode.INVALID
        assert refusal.mend
        assert len(refusal.message.splitlines()) == 1
        return
    for directory, text in rendered.items():
        assert re.fullmatch(r"[0-9]+\.[0-9]+/(alpine[0-9]+\.[0-9]+|[a-z]+(/slim)?)", directory)
        for number, line in enumerate(text.splitlines()):
            assert line.isascii(), (number, line)
            assert line.isprintable() or line.startswith("\t"), (number, line)
            if MARK in line:  # only a base image may hold a free word
                assert re.fullmatch(rf"FROM [a-z0-9./:-]*{MARK}[a-z0-9./:-]* AS base", line), line


def test_only_the_mutated_place_changes(tmp_path: Path) -> None:
    before = _rendered(parse_matrix(json.dumps(DOCUMENT), PATH))
    document = json.loads(json.dumps(DOCUMENT))
    document["lines"]["3.6"]["pip"] = {"version": "19.0", "sha256": "1" * 64}
    after = _rendered(parse_matrix(json.dumps(document), PATH))
    for directory, text in before.items():
        pairs = [(a, b) for a, b in zip(text.splitlines(), after[directory].splitlines(), strict=True) if a != b]
        if not directory.startswith("3.6/"):
            assert pairs == []
            continue
        assert [b.strip() for _, b in pairs] == [
            f"'pip==19.0 --hash=sha256:{'1' * 64}' \\",
            "ENV PYTHON_PIP_VERSION=19.0",
        ]
    assert not list(tmp_path.iterdir())
