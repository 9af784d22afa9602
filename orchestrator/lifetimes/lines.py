"""How long lines of CPython are maintained, and by whose keys they are signed: the facts of `lines.yaml`.

Source: https://devguide.python.org/versions/
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from orchestrator.matrix.document import Fingerprint, LineName, Release
from orchestrator.system.facts import read_facts
from orchestrator.system.strict import Problem, Strict, convert, text

FACTS = Path(__file__).parent / "lines.yaml"

Day = Annotated[
    str, *text(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?", "a day, or a month that is planned: 2023-06-27, 2029-10")
]
Link = Annotated[str, *text(r"https://[^\s]+", "an https link", longest=200)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifetime:
    """What is known of a line: `end` is the last day on which it is maintained; it is `planned` while only the month is known.

    `last` is its last release, None while there may be another. `keys` are fingerprints (40 upper-case hex digits) of primary keys that its releases
    are signed by, empty where upstream makes no OpenPGP signatures. `link` leads to the schedule.
    """

    line: str
    end: date
    planned: bool
    last: str | None
    keys: tuple[str, ...]
    link: str

    def over(self, today: date) -> bool:
        """Whether the line is at its end of life."""
        return today > self.end if self.planned else today >= self.end

    def told(self, today: date) -> str:
        """Say in a sentence where the line stands."""
        if not self.over(today):
            return f"{self.line} is maintained until {self.shown}"
        if self.planned:
            return f"{self.line} was planned to reach its end in {self.shown}: see {self.link}"
        ended = f"{self.line} has been at its end since {self.shown}"
        return f"{ended}; {self.last} is its last release" if self.last else ended

    @property
    def shown(self) -> str:
        """The end as it is known: `2023-06-27`, or `2029-10` where that is the plan."""
        return f"{self.end:%Y-%m}" if self.planned else self.end.isoformat()


class _Fact(Strict):
    line: LineName
    end: Day
    keys: tuple[Fingerprint, ...]
    link: Link
    last: Release | None = None


def lifetime_of(line: str) -> Lifetime | None:
    """Give what is known of a line (`3.7`); None for one that the facts do not name (yet)."""
    return load_lifetimes().get(line)


@cache
def load_lifetimes(path: Path = FACTS) -> dict[str, Lifetime]:
    """Load the facts, by line. Raises `InvalidFileError` naming file and place."""
    return read_facts(path, lambda raw: _by_line(convert(raw, tuple[_Fact, ...])), what="file of lifetimes")


def _by_line(facts: tuple[_Fact, ...]) -> dict[str, Lifetime]:
    found: dict[str, Lifetime] = {}
    for index, fact in enumerate(facts):
        if fact.line in found:
            raise Problem((index, "line"), f"{fact.line} stands twice", "keep one of the two")
        found[fact.line] = _lifetime(fact, index)
    return found


def _lifetime(fact: _Fact, index: int) -> Lifetime:
    if fact.last is not None and not fact.last.startswith(f"{fact.line}."):
        raise Problem((index, "last"), f"{fact.last} is no release of {fact.line}", f"write {fact.line}. and a number")
    year, month, *day = (int(number) for number in fact.end.split("-"))
    try:
        # A month that is planned lasts to its last day.
        end = date(year, month, day[0] if day else calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        raise Problem((index, "end"), f"there is no {fact.end}", "write a day that exists") from None
    return Lifetime(line=fact.line, end=end, planned=not day, last=fact.last, keys=fact.keys, link=fact.link)
