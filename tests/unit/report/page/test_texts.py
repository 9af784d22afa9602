from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.run.page.texts import LEFT_OUT, Texts, embedded
from orchestrator.report.run.page.words import clean, size


def test_a_text_stands_once_and_keeps_its_number() -> None:
    texts = Texts()
    assert [texts.add("a"), texts.add("b"), texts.add("a")] == [0, 1, 0]
    assert texts.table == ["a", "b"]


def test_texts_that_are_the_same_once_they_are_clean_share_a_number() -> None:
    texts = Texts()
    assert texts.add("\x1b[31mred\x1b[0m") == texts.add("red")
    assert texts.table == ["red"]


def test_what_may_be_left_out_is_where_the_room_is_used_up_unless_it_is_there_already() -> None:
    texts = Texts(budget=5)
    first = texts.spare("12345")
    assert texts.spare("6") == LEFT_OUT
    assert texts.spare("12345") == first
    assert texts.add("6") == 1
    assert texts.left_out == 1


@given(st.text())
def test_json_in_a_script_element_says_the_same_and_cannot_end_it(text: str) -> None:
    written = embedded({"text": text})
    assert json.loads(written) == {"text": text}
    assert not set("<>&") & set(written)


@given(st.text(alphabet=st.characters(blacklist_categories=[])))
def test_a_clean_text_can_be_written_and_obeys_nobody(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert not [sign for sign in cleaned if sign < " " and sign not in "\n\t"]
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\x7f\x9b")


def test_marks_that_turn_the_direction_are_written_and_letters_are_left() -> None:
    assert clean("rm \u202efr- /\u202c שלום") == "rm <U+202E>fr- /<U+202C> שלום"


def test_sizes() -> None:
    assert [size(one) for one in (0, 12, 1500, 31_000_000, 348_000_000, 1_230_000_000)] == [
        "", "12 B", "1.5 kB", "31.0 MB", "348 MB", "1.2 GB",
    ]  # fmt: skip
