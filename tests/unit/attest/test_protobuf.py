"""Messages as they look on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.attest.protobuf import Message, encode

NUMBERS = st.integers(1, 2**29 - 1)


@given(st.lists(st.tuples(NUMBERS, st.text())))
def test_what_is_written_is_read(fields: list[tuple[int, str]]) -> None:
    message = Message.decode(b"".join(encode(number, value) for number, value in fields))
    assert message.fields == tuple((number, value.encode()) for number, value in fields)
    for number, _ in fields:
        assert message.text(number) == [value for one, value in fields if one == number][-1]


@given(NUMBERS, st.integers(0, 2**64 - 1))
def test_numbers_are_passed_over(number: int, value: int) -> None:
    assert Message.decode(encode(number, value) + encode(7, "x")).fields == ((7, b"x"),)


def test_the_bytes_are_those_of_the_specification() -> None:
    assert encode(1, 150) == b"\x08\x96\x01"
    assert encode(2, "testing") == b"\x12\x07testing"


def test_fixed_fields_messages_and_maps() -> None:
    entry = encode(1, "name") + encode(2, "value")
    data = b"\x0d\x01\x02\x03\x04" + b"\x11" + b"12345678" + b"\x1a" + bytes([len(entry)]) + entry
    message = Message.decode(data)
    assert [number for number, _ in message.fields] == [3]
    assert message.mapping(3) == (("name", "value"),)
    assert [one.text(2) for one in message.messages(3)] == ["value"]
    assert (message.text(9), message.all(9)) == ("", ())


@pytest.mark.parametrize("data", [b"\x12\x07test", b"\x12", b"\x80", b"\x0d\x01", b"\x0b", b"\x0f"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        Message.decode(data)


@given(st.binary())
def test_nothing_else_is_raised(data: bytes) -> None:
    try:
        fields = Message.decode(data).fields
    except ValueError:
        return
    assert sum(len(value) for _, value in fields) <= len(data)
