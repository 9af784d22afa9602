"""How long releases of the distributions are maintained, and which have left the mirrors: the facts of `suites.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from orchestrator.matrix.document import SuiteName
from orchestrator.matrix.model import Family, Suite
from orchestrator.system.facts import read_facts
from orchestrator.system.strict import Problem, Strict, convert, text

FACTS = Path(__file__).parent / "suites.yaml"

#: Debian's releases that have a code name, oldest first, with those to come that are announced.
#: Source: https://www.debian.org/releases/ and https://wiki.debian.org/DebianReleases
CODE_NAMES = (
    "buzz", "rex", "bo", "hamm", "slink", "potato", "woody", "sarge", "etch", "lenny", "squeeze", "wheezy", "jessie", "stretch",
    "buster", "bullseye", "bookworm", "trixie", "forky", "duke",
)  # fmt: skip

Day = Annotated[str, *text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day: 2022-06-30")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release of a distribution: `end` is the last day on which anybody mends it for everybody, `left` whether it has left the mirrors.

    `rank` orders releases of the same family, the newer the higher.
    """

    name: str
    end: date
    left: bool
    rank: int

    def over(self, today: date) -> bool:
        """Whether it is at its end of life."""
        return today >= self.end


class _Fact(Strict):
    name: SuiteName
    end: Day
    left: bool = False


def release_of(name: str) -> Release | None:
    """Give what is known of a suite; None for one that the facts do not name."""
    return load_releases().get(name)


def newer(one: Suite, other: Suite) -> bool | None:
    """Tell whether a suite is newer than another one; None where that is not known (two distributions, an unknown name)."""
    if one.family is not other.family:
        return None
    if one.family is Family.ALPINE:
        return one.version > other.version
    known, past = release_of(one.name), release_of(other.name)
    return None if known is None or past is None else known.rank > past.rank


@cache
def load_releases(path: Path = FACTS) -> dict[str, Release]:
    """Load the facts, by name. Raises `InvalidFileError` naming file and place."""
    return read_facts(path, _by_name, what="file of suites")


def _by_name(raw: object) -> dict[str, Release]:
    found = {}
    for rank, fact in enumerate(convert(raw, tuple[_Fact, ...])):
        try:
            end = date.fromisoformat(fact.end)
        except ValueError:
            raise Problem(
                (rank, "end"), f"{fact.end} is not valid: there is no such day", "write a day that exists"
            ) from None
        found[fact.name] = Release(name=fact.name, end=end, left=fact.left, rank=rank)
    return found
