"""The grammar of a library file: paragraphs of `Field: value` between blank lines, values that go on in indented lines, comments.

Source: https://www.debian.org/doc/debian-policy/ch-controlfields.html#syntax-of-control-files, with comments also where they are indented
(https://github.com/docker-library/bashbrew/tree/master/pkg/stripper).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.errors import InvalidFileError

_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):(.*)")


class Fault(Exception):  # noqa: N818 - not an error of its own: whoever knows the file's name turns it into one
    """Something wrong at a line of a file (from 1), with its mend."""

    def __init__(self, line: int, message: str, mend: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.mend = mend

    def at(self, name: object) -> InvalidFileError:
        """As the error of a file of that name."""
        return InvalidFileError(f"{name}:{self.line}: {self.message}", mend=self.mend)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A field: its name as written, the lines of its value without their indentation, and the line where it begins."""

    name: str
    values: tuple[str, ...]
    line: int

    @property
    def value(self) -> str:
        """The value of a field that takes one line. Raises `Fault` where there are more, or none."""
        if len(self.values) > 1:
            raise Fault(self.line + 1, f"{self.name} takes one line", "join the lines")
        if not self.values[0]:
            raise Fault(self.line, f"{self.name} has no value", "give one, or leave the field out")
        return self.values[0]

    @property
    def words(self) -> tuple[str, ...]:
        """The values of a field that takes several, between commas. Raises `Fault` for an empty one or one that stands twice."""
        found = tuple(word.strip() for word in " ".join(self.values).split(","))
        if not all(found):
            raise Fault(self.line, f"{self.name} has an empty place between its commas", "remove a comma, or the field")
        if len(set(found)) < len(found):
            twice = next(word for index, word in enumerate(found) if word in found[:index])
            raise Fault(self.line, f'{self.name} names "{twice}" twice', "keep one of the two")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """Fields that belong together, each at most once."""

    fields: tuple[Field, ...]

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return self.fields[0].line


def read_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Split a file. Raises `Fault` for a line that is no field, and for a field that stands twice in a paragraph."""
    paragraphs: list[Paragraph] = []
    fields: dict[str, Field] = {}
    for number, line in _lines(text):
        if not line.strip():
            if fields:
                paragraphs.append(Paragraph(fields=tuple(fields.values())))
            fields = {}
            continue
        if line[0] in " \t":
            if not fields:
                raise Fault(number, "this line goes on with nothing", "begin it with a field's name and a colon")
            name, last = fields.popitem()
            fields[name] = Field(name=name, values=(*last.values, line.strip()), line=last.line)
            continue
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Fault(number, f'"{line[:60]}" is no field', 'write "Name: value"; indent what goes on with a value')
        if found[1] in fields:
            raise Fault(
                number,
                f"{found[1]} stands twice in a paragraph, first in line {fields[found[1]].line}",
                "keep one of the two, or put a blank line between entries",
            )
        fields[found[1]] = Field(name=found[1], values=(found[2].strip(),), line=number)
    if fields:
        paragraphs.append(Paragraph(fields=tuple(fields.values())))
    return tuple(paragraphs)


def leading_comments(text: str) -> tuple[str, ...]:
    """Give the comments before the first field, without `#`."""
    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        if not line.lstrip().startswith("#"):
            break
        found.append(line.strip().removeprefix("#").strip())
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give each line that is no comment, with its number. A comment ends no paragraph."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.lstrip().startswith("#"):
            yield number, line.rstrip()
