"""Tags compared with those of the commit before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from orchestrator.matrix.load import load_matrix
from tests.unit.lint.ground import Project


def suite(name: str) -> dict[str, Any]:
    bases = {"full": f"buildpack-deps:{name}", "slim": f"debian:{name}-slim"}
    return {"family": "debian", "bases": bases, "architectures": ["amd64", "arm64v8"], "archived": True}


def compared(
    project: Project, change: Callable[[dict[str, Any]], object], *, first: Any = None
) -> dict[str, list[str]]:
    """What is said of tags after a change, by code; `first` changes what they are compared with."""
    if first is not None:
        project.data(first)
    project.before = load_matrix(project.matrix)
    project.data(change)
    found: dict[str, list[str]] = {}
    for one in project.findings():
        if one.code.startswith("T"):
            found.setdefault(one.code, []).append(one.spot.message)
    return found


def bump(document: dict[str, Any], release: str = "3.7.3") -> None:
    document["lines"]["3.7"]["release"] = release
    document["lines"]["3.7"]["source"]["sha256"] = "0" * 64


def another_suite(document: dict[str, Any], name: str) -> None:
    """Every line on a suite more, which becomes the default."""
    document["suites"][name] = suite(name)
    document["default_suite"] = name
    for line in document["lines"].values():
        line["variants"] = [name, f"slim-{name}", *line["variants"]]


def test_nothing_changed_nothing_told(ground: Project) -> None:
    assert compared(ground, lambda _: None) == {}


def test_a_bump_leaves_the_tags_of_the_release_before(ground: Project) -> None:
    found = compared(ground, bump)
    assert list(found) == ["T506"]
    # Four variants, of which slim and Alpine have a short name, too; and the bare release.
    assert found["T506"] == ["3.7.2 becomes 3.7.3: 7 tags of 3.7.2 stay in the registry as they were built last"]


def test_a_variant_that_goes_is_an_error_even_at_its_end(ground: Project) -> None:
    ground.today = date(2026, 1, 1)
    found = compared(ground, lambda it: it["lines"]["3.7"]["variants"].remove("alpine3.7"))
    assert list(found) == ["T502"]
    assert found["T502"][0].startswith(
        "3.7-alpine3.7 loses 4 tags: 3.7.2-alpine3.7, 3.7-alpine3.7, 3-alpine3.7, alpine3.7; nothing else takes over"
    )


def test_a_variant_that_goes_with_a_bump_is_an_error_for_what_moves(ground: Project) -> None:
    def change(document: dict[str, Any]) -> None:
        bump(document)
        document["lines"]["3.7"]["variants"].remove("stretch")

    found = compared(ground, change)
    assert list(found) == ["T502", "T506"]
    assert "3.7.2" not in found["T502"][0]
    assert "3.7-stretch, 3-stretch, stretch" in found["T502"][0]


def test_an_alias_that_goes_is_an_error(ground: Project) -> None:
    found = compared(ground, lambda it: it["lines"]["2.7"]["aliases"].clear())
    assert list(found) == ["T502"]
    assert len(found["T502"]) == 5


def test_tags_of_an_architecture_that_go_are_an_error(ground: Project) -> None:
    found = compared(ground, lambda it: it["enabled_architectures"].remove("arm64v8"))
    assert list(found) == ["T502"]
    number = sum(len(image.tags) + len(image.shared_tags) for image in load_matrix(ground.matrix).images)
    (said,) = found["T502"]
    assert said.startswith(
        f"arm64v8/python loses {number} tags, which lead to nothing that is built for arm64v8 any more: "
    )


def test_tags_of_an_architecture_that_a_suite_loses_are_an_error(ground: Project) -> None:
    found = compared(ground, lambda it: it["suites"]["alpine3.6"]["architectures"].remove("arm64v8"))
    assert list(found) == ["T502"]
    assert [said.partition(",")[0] for said in found["T502"]] == ["arm64v8/python loses 5 tags"]
    # One more loses nothing.
    assert compared(ground, lambda it: it["enabled_architectures"].append("i386")) == {}


def test_tags_of_a_family_that_is_called_otherwise_are_lost(ground: Project) -> None:
    found = compared(ground, lambda it: it.update(name="snake"))
    assert found == {"T502": ["python becomes snake: no tag of python gets an update any more"]}


def test_a_line_that_goes_is_an_error_while_it_lives_and_a_warning_at_its_end(ground: Project) -> None:
    found = compared(ground, lambda it: it["lines"].pop("3.4"))
    assert list(found) == ["T502"]
    ground.today = date(2019, 3, 18)
    assert {one.code for one in ground.findings() if one.code.startswith("T")} == {"T507"}


def test_a_newer_line_takes_the_tags_over(ground: Project) -> None:
    def older(document: dict[str, Any]) -> None:
        document["lines"]["3.6"]["aliases"] = document["lines"].pop("3.7")["aliases"]

    # A variant that the newer line has not, and whose tags of Python 3 nothing would take over.
    ground.data(lambda it: it["lines"]["3.6"]["variants"].remove("alpine3.6"))
    before = ground.matrix.read_text()
    ground.data(older)
    ground.before = load_matrix(ground.matrix)
    ground.matrix.write_text(before)
    told = [(one.code, one.spot.message) for one in ground.findings() if one.code.startswith("T")]
    assert {code for code, _ in told} == {"T505"}
    assert ("T505", "from 3.6-stretch on to 3.7-stretch: 4 tags: 3-stretch, stretch, 3, latest") in told


def test_an_older_line_that_takes_them_is_an_error(ground: Project) -> None:
    def move(document: dict[str, Any]) -> None:
        lines = document["lines"]
        lines["3.6"]["aliases"], lines["3.7"]["aliases"] = lines["3.7"]["aliases"], []

    found = compared(ground, move)
    assert list(found) == ["T503"]
    assert "from 3.7-stretch back to 3.6-stretch: 4 tags: 3-stretch, stretch, 3, latest" in found["T503"]


@pytest.mark.parametrize(("default", "code"), [("alpine3.7", "T503"), ("alpine3.8", "T505")])
def test_the_short_tag_of_alpine_goes_forward_only(ground: Project, default: str, code: str) -> None:
    other = "alpine3.7" if default == "alpine3.8" else "alpine3.8"
    found = compared(
        ground, lambda it: it.update(default_alpine=default), first=lambda it: it.update(default_alpine=other)
    )
    # And the tag of the full release, which is said by itself.
    assert set(found) == {code, "T504"}


@pytest.mark.parametrize(("name", "codes"), [("buster", {"T504", "T505"}), ("jessie", {"T503", "T504"})])
def test_the_default_suite_goes_forward_only(ground: Project, name: str, codes: set[str]) -> None:
    assert set(compared(ground, lambda it: another_suite(it, name))) == codes


def test_another_default_suite_with_the_next_release_is_as_it_should_be(ground: Project) -> None:
    def change(document: dict[str, Any]) -> None:
        for name, line in document["lines"].items():
            line["release"] = f"{name}.99"
        another_suite(document, "buster")

    assert set(compared(ground, change)) == {"T505", "T506"}


def test_a_release_does_not_go_back(ground: Project) -> None:
    found = compared(ground, lambda it: bump(it, "3.7.1"))
    assert found["T503"] == ["3.7 goes back from 3.7.2 to 3.7.1, and its tags with it"]
