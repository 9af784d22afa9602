"""The facts about releases of the distributions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.lifetimes.suites import CODE_NAMES, load_releases, newer, release_of
from orchestrator.matrix.model import Family, Suite


def suite(name: str) -> Suite:
    family = Family.ALPINE if name.startswith("alpine") else Family.DEBIAN
    return Suite(name=name, family=family, bases={}, architectures=())


def test_releases_of_a_distribution_follow_each_other() -> None:
    for family in ("alpine", ""):
        ends = [one.end for one in load_releases().values() if one.name.startswith("alpine") is bool(family)]
        assert ends == sorted(ends)
    # What has left the mirrors is older than what has not.
    debian = [one.left for one in load_releases().values() if not one.name.startswith("alpine")]
    assert debian == sorted(debian, reverse=True)


def test_debians_releases_have_one_order() -> None:
    facts = [name for name in load_releases() if not name.startswith("alpine")]
    assert facts == [name for name in CODE_NAMES if name in facts]


def test_a_release_is_over_from_its_last_day_on() -> None:
    stretch = release_of("stretch")
    assert stretch is not None
    assert (stretch.over(date(2022, 6, 29)), stretch.over(date(2022, 6, 30))) == (False, True)


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("buster", "stretch", True),
        ("stretch", "buster", False),
        ("alpine3.10", "alpine3.9", True),
        ("alpine3.9", "stretch", None),
        ("forky", "trixie", None),
    ],
)
def test_suites_are_compared_where_their_order_is_known(one: str, other: str, *, answer: bool | None) -> None:
    assert newer(suite(one), suite(other)) is answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {", "not valid"),
        ('- {name: x, end: "2022-02-30"}', "not valid"),
        ("- {name: x}", 'the key "end" is missing'),
        ('- {name: x, end: "soon"}', "a day"),
    ],
)
def test_facts_that_are_none_are_refused_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "suites.yaml"
    path.write_text(text)
    with pytest.raises(InvalidFileError, match=said) as caught:
        load_releases(path)
    assert str(path) in caught.value.message
    assert caught.value.mend
