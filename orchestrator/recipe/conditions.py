"""When a rule applies: small conditions on an image, written as data."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, TypeVar

from orchestrator.matrix.model import Family, Flavor, Image
from orchestrator.system.strict import Strict, text

T = TypeVar("T")

_OPERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

VersionTest = Annotated[str, *text(r"(?:<=|>=|<|>)?[0-9]+(?:\.[0-9]+)?", 'a comparison such as ">=3.6"')]
SuiteName = Annotated[str, *text(r"[a-z]+(?:[0-9]+\.[0-9]+)?", "the name of a suite")]


class Condition(Strict):
    """All keys that are given have to match the image; a list matches when one of its members does."""

    family: Family | None = None
    flavor: Flavor | tuple[Flavor, ...] | None = None
    suite: SuiteName | tuple[SuiteName, ...] | None = None
    line: VersionTest | tuple[VersionTest, ...] | None = None
    alpine: VersionTest | tuple[VersionTest, ...] | None = None
    archived: bool | None = None

    def holds(self, image: Image) -> bool:
        """True when every given key matches."""
        suite = image.variant.suite
        # One after the other, the quick ones first: thousands of images are asked about a hundred conditions each.
        return (
            (self.family is None or suite.family is self.family)
            and (self.flavor is None or image.variant.flavor in _many(self.flavor))
            and (self.suite is None or suite.name in _many(self.suite))
            and (self.archived is None or suite.archived is self.archived)
            and (self.line is None or any(compare(image.line.version, test) for test in _many(self.line)))
            and (
                self.alpine is None
                or (suite.family is Family.ALPINE and any(compare(suite.version, test) for test in _many(self.alpine)))
            )
        )

    def __str__(self) -> str:
        given = [(name, getattr(self, name)) for name in type(self).model_fields]
        return ", ".join(
            f"{name} {' or '.join(str(part) for part in _many(value))}" for name, value in given if value is not None
        )


Conditions = Condition | tuple[Condition, ...]


def applies(image: Image, when: Conditions | None, unless: Conditions | None = None) -> bool:
    """True when `when` is absent or one of its conditions holds, and none of `unless` does."""
    wanted = when is None or any(condition.holds(image) for condition in _many(when))
    return wanted and not (unless is not None and any(condition.holds(image) for condition in _many(unless)))


def spoken(when: Conditions | None) -> str:
    """Say when a rule applies, for people."""
    return "always" if when is None else "; or ".join(str(condition) for condition in _many(when))


@cache
def compare(version: tuple[int, ...], test: str) -> bool:
    """Compare (3, 7) with `>=3.6`, to the precision of the test: (2, 7) is `<3`, and equal to `2`."""
    match = re.fullmatch(r"([<>]=?|)([0-9.]+)", test)
    if match is None:
        raise ValueError(test)
    wanted = tuple(int(part) for part in match[2].split("."))
    return _OPERATORS[match[1]](version[: len(wanted)], wanted)


def _many(value: T | tuple[T, ...]) -> tuple[T, ...]:
    return value if isinstance(value, tuple) else (value,)
