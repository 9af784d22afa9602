"""Edits of JSON text: the result means what it should, and nothing else of the text changes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.matrix.editing import insert, put, remove, value_at

TEXT = """{
  "name": "python",
  "suites": {
    "stretch": {"family": "debian"},
    "alpine3.8": {"family": "alpine"}
  },
  "lines": {
    "3.7": {
      "release": "3.7.2",
      "variants": ["stretch", "alpine3.8"]
    }
  },
  "empty": {},
  "none": []
}
"""

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
_DOCUMENTS = st.dictionaries(st.text(max_size=4), _VALUES, min_size=1, max_size=4)


def test_a_value_is_replaced_and_nothing_else() -> None:
    changed = put(TEXT, ("lines", "3.7", "release"), "3.7.3")
    assert changed == TEXT.replace('"3.7.2"', '"3.7.3"')


def test_a_line_is_added_in_the_style_of_the_house() -> None:
    line = {"release": "3.8.0", "source": {"format": "tgz"}, "variants": ["stretch"]}
    changed = insert(TEXT, ("lines", "3.8"), line, before="3.7")
    assert (
        '  "lines": {\n    "3.8": {\n      "release": "3.8.0",\n      "source": {"format": "tgz"},\n'
        '      "variants": ["stretch"]\n    },\n    "3.7": {\n'
    ) in changed
    assert changed.replace(changed[changed.index('"3.8"') : changed.index('"3.7"')], "") == TEXT


def test_what_is_short_stays_on_its_line() -> None:
    assert '"variants": ["stretch", "slim-stretch", "alpine3.8"]' in insert(
        TEXT, ("lines", "3.7", "variants", 9), "slim-stretch", before=1
    )
    assert '"variants": ["stretch", "alpine3.8", "alpine3.7"]' in insert(
        TEXT, ("lines", "3.7", "variants", 9), "alpine3.7"
    )
    assert '"stretch": {"family": "debian", "archived": true}' in insert(TEXT, ("suites", "stretch", "archived"), True)
    assert '"empty": {"a": 1}' in insert(TEXT, ("empty", "a"), 1)
    assert '"none": [1]' in insert(TEXT, ("none", 0), 1)


def test_a_member_is_removed_with_its_comma() -> None:
    assert '"variants": ["alpine3.8"]' in remove(TEXT, ("lines", "3.7", "variants", 0))
    assert '"variants": ["stretch"]' in remove(TEXT, ("lines", "3.7", "variants", 1))
    assert '"lines": {' not in remove(TEXT, ("lines",))


def test_the_last_of_a_list_leaves_an_empty_one() -> None:
    text = '{\n  "lines": {\n    "extras": [\n      {"name": "virtualenv"}\n    ]\n  }\n}\n'
    assert remove(text, ("lines", "extras", 0)) == '{\n  "lines": {\n    "extras": []\n  }\n}\n'


@pytest.mark.parametrize(("newline", "step"), [("\n", "  "), ("\r\n", "  "), ("\n", "    "), ("\r\n", "\t")])
def test_what_is_added_looks_like_the_rest_of_the_file(newline: str, step: str) -> None:
    text = TEXT.replace("  ", step).replace("\n", newline)
    changed = insert(text, ("lines", "3.8"), {"release": "3.8.0", "source": {"format": "tgz"}}, before="3.7")
    added = (
        f'"3.8": {{\n{step * 3}"release": "3.8.0",\n{step * 3}"source": {{"format": "tgz"}}\n{step * 2}}},\n{step * 2}'
    )
    assert changed == text.replace('"3.7": {', added.replace("\n", newline) + '"3.7": {')


@pytest.mark.parametrize(
    "place",
    [
        ("lines", "3.9"),
        ("nothing",),
        ("lines", "3.7", "variants", 5),
        ("lines", "3.7", "variants", -1),
        ("name", "x"),
        ("name", 0),
        ("lines", "3.7", "release", 0),
    ],
)
def test_a_place_that_is_not_there(place: tuple[str | int, ...]) -> None:
    with pytest.raises(KeyError):
        put(TEXT, place, 1)
    with pytest.raises(KeyError):
        remove(TEXT, place)


def test_a_key_is_never_doubled() -> None:
    with pytest.raises(KeyError):
        insert(TEXT, ("lines", "3.7"), {})


@given(document=_DOCUMENTS, value=_VALUES, indent=st.sampled_from([None, 2, 4, "\t"]), data=st.data())
def test_an_edit_means_what_the_same_change_of_the_document_means(
    document: dict[str, Any], value: Any, indent: int | str | None, data: st.DataObject
) -> None:
    text = json.dumps(document, indent=indent)
    place = data.draw(st.sampled_from(list(_places(document))))
    container = value_at(text, place[:-1])

    expected = copy.deepcopy(document)
    value_at_of(expected, place[:-1])[place[-1]] = value
    assert json.loads(put(text, place, value)) == expected

    expected = copy.deepcopy(document)
    del value_at_of(expected, place[:-1])[place[-1]]
    assert json.loads(remove(text, place)) == expected

    if isinstance(container, dict):
        fresh = "a key that is not there"
        members = list(container.items())
        members.insert(list(container).index(place[-1]), (fresh, value))
        got = value_at(insert(text, (*place[:-1], fresh), value, before=place[-1]), place[:-1])
        assert list(got.items()) == members
    else:
        items = list(container)
        items.insert(int(place[-1]), value)
        assert value_at(insert(text, place, value, before=place[-1]), place[:-1]) == items


def value_at_of(document: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        document = document[step]
    return document


def _places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in members for found in [(*place, key), *_places(one, (*place, key))]]
