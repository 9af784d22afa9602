"""Strict conversion: one clear problem, at its place, with a mend; and where that place is in the text."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from orchestrator.matrix.places import line_and_column, offset_of
from orchestrator.system.strict import Problem, Strict, convert, did_you_mean, dotted, strings, text


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


class Part(Strict):
    name: Annotated[str, *text(r"[a-z]+", "a lower-case word")]
    color: Color = Color.RED


class Whole(Strict):
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] = Field(default_factory=dict)
    count: int = 0


def problem(raw: Any) -> Problem:
    with pytest.raises(Problem) as raised:
        convert(raw, Whole)
    return raised.value


def test_what_fits_is_typed_and_frozen() -> None:
    whole = convert({"parts": [{"name": "a", "color": "green"}], "count": 2}, Whole)
    assert whole.parts == (Part(name="a", color=Color.GREEN),)
    with pytest.raises(ValueError, match="frozen"):
        whole.count = 3


@pytest.mark.parametrize(
    ("raw", "place", "message", "mend"),
    [
        ({"cuont": 1}, "cuont", "not known here", 'did you mean "count"?'),
        ({"parts": [{"nam": "a"}]}, "parts[0].nam", "not known here", 'did you mean "name"?'),
        ({"parts": [{}]}, "parts[0]", 'the key "name" is missing', 'add "name"'),
        ({"count": "1"}, "count", '"1" should be a valid integer', "right type"),
        ({"count": None}, "count", "null should be a valid integer", "right type"),
        ({"by_name": {"3.7": {"name": "A B"}}}, 'by_name["3.7"].name', '"A B" is not a lower-case word', "[a-z]+"),
        ({"by_name": {"x": {"name": "a\n"}}}, "by_name.x.name", "is not a lower-case word", "[a-z]+"),
        ({"parts": [{"name": "a", "color": "gren"}]}, "parts[0].color", "not one of the choices", 'did you mean "green"?'),
        ({"parts": "a"}, "parts", "", ""),
        ([], "the document", "", ""),
        ({"count": {1, 2}}, "the document", "JSON cannot express", "plain values"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_problem_at_its_place(raw: Any, place: str, message: str, mend: str) -> None:
    found = problem(raw)
    assert dotted(found.place) == place
    assert message in found.message
    assert mend in found.mend


def test_a_guess_is_made_only_where_one_is_near() -> None:
    assert did_you_mean("alpin", ["alpine", "slim"]) == 'did you mean "alpine"?'
    assert did_you_mean("zzz", ["alpine", "slim"]) == "use one of: alpine, slim"
    assert did_you_mean("zzz", []) == "use one of: (none is declared)"


def test_every_string_is_found_with_its_place() -> None:
    assert list(strings({"a": ["b", 1], "c": {"d": None}})) == [
        (("a",), "a"),
        (("a", 0), "b"),
        (("c",), "c"),
        (("c", "d"), "d"),
    ]


DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)


def _values(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(place, value), *(found for key, member in members for found in _values(member, (*place, key)))]


@given(DOCUMENTS, st.sampled_from([None, 1, 4]), st.booleans())
def test_every_place_is_where_its_value_stands_in_the_text(document: Any, indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    written = " \n" + json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    for place, value in _values(document):
        found, _ = json.JSONDecoder().raw_decode(written, offset_of(written, place))
        assert found == value


def test_a_way_that_leads_nowhere_ends_at_its_last_known_ancestor() -> None:
    written = '{"a": {"b": [1]}}'
    assert offset_of(written, ("a", "x", "y")) == written.index('{"b"')
    assert offset_of(written, ("a", "b", 7)) == written.index("[1]")
    assert offset_of(written, ("a", "b", 0, "z")) == written.index("1")


def test_many_places_of_a_large_file_are_found_in_one_walk() -> None:
    written = json.dumps({"lines": {str(number): {"release": "x" * 500} for number in range(5_000)}})
    started = time.perf_counter()
    found = [offset_of(written, ("lines", str(number), "release")) for number in range(5_000)]
    # A walk for each takes some thirty seconds.
    assert time.perf_counter() - started < 5.0
    assert len(set(found)) == 5_000


def test_lines_and_columns_count_from_one() -> None:
    assert [line_and_column("ab\nc", offset) for offset in range(4)] == [(1, 1), (1, 2), (1, 3), (2, 1)]
