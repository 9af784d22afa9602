"""JSON that is wrong is told by the place where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.system.json_text import parse_json


def refused(text: str) -> InvalidFileError:
    with pytest.raises(InvalidFileError) as found:
        parse_json(text, Path("some.json"), what="a matrix")
    return found.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": {\n"x": 1,\n"x": 2},\n"b": {"x": 3}}', 'some.json:3: the key "x" stands twice'),
        ('{"a": "x",\n"b": "a",\n"c": [{"a": 1}],\n"a": 2, "d": "a"}', 'some.json:4: the key "a" stands twice'),
        ('{"a": 1,\r\n"\\u0061" : 2}', 'some.json:2: the key "a" stands twice'),
        ('{"{": "}\\"}",\n"]":\n[],\n"{":1}', 'some.json:4: the key "{" stands twice'),
        ('[{"\\u001b[31m": 1, "\\u001b[31m": 1}', r'some.json:1: the key "\u001b[31m" stands twice'),
    ],
)
def test_a_key_that_stands_twice_is_told_by_the_line_of_the_second(text: str, said: str) -> None:
    assert said in refused(text).message


def test_what_editors_and_full_disks_leave_is_told_as_it_is() -> None:
    assert "byte order mark" in refused("\ufeff{}").message
    assert refused("\ufeff{}").mend == "save the file as UTF-8 without a byte order mark"
    for text in ("", " \r\n"):
        assert "the file is empty" in refused(text).message
