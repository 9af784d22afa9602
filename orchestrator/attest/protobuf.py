"""Protocol Buffers as they look on the wire: as much as BuildKit's answers need.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from dataclasses import dataclass

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def encode(number: int, value: str | int) -> bytes:
    """Write one field of a message: its number, and text or a number that is not negative (booleans are 0 and 1)."""
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    data = value.encode()
    return _varint(number << 3 | _LENGTH) + _varint(len(data)) + data


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message that was read: the values of each field by its number, in order. Numbers are left out, as nothing here needs them."""

    fields: tuple[tuple[int, bytes], ...]

    @classmethod
    def decode(cls, data: bytes) -> Message:
        """Read a message. Raises `ValueError` for bytes that are none."""
        fields, at = [], 0
        while at < len(data):
            key, at = _read_varint(data, at)
            kind = key & 7
            if kind == _VARINT:
                _, at = _read_varint(data, at)
                continue
            if kind == _LENGTH:
                size, at = _read_varint(data, at)
                fields.append((key >> 3, data[at : at + size]))
            elif kind in {_FIXED32, _FIXED64}:
                size = 4 if kind == _FIXED32 else 8
            else:
                raise ValueError(f"wire type {kind} at byte {at} of a message")
            at += size
        if at > len(data):
            raise ValueError(f"a message ends {at - len(data)} bytes early")
        return cls(fields=tuple(fields))

    def all(self, number: int) -> tuple[bytes, ...]:
        """Every value of a repeated field."""
        return tuple(value for found, value in self.fields if found == number)

    def messages(self, number: int) -> tuple[Message, ...]:
        """Every value of a repeated field of messages."""
        return tuple(Message.decode(value) for value in self.all(number))

    def text(self, number: int) -> str:
        """The value of a field of text; of several the last, as the format has it, and empty where there is none."""
        return self.all(number)[-1].decode("utf-8", "replace") if self.all(number) else ""

    def mapping(self, number: int) -> tuple[tuple[str, str], ...]:
        """A map from text to text."""
        return tuple((entry.text(1), entry.text(2)) for entry in self.messages(number))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    raise ValueError("a message ends within a number")
