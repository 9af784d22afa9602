"""Within the limit, whatever the matrix: whole parts go, in their order, and no tag does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Matrix
from orchestrator.readme.budget import HUB_LIMIT, STEPS
from orchestrator.readme.description import Description, describe, part_names
from tests.unit.readme.pages import changed, code_of_tags, headings, inline, links, page

#: What stays, however little room there is.
_KEPT = {"warning", "tags", "simple", "shared"}


def test_every_part_can_go_but_the_tags() -> None:
    names = part_names()
    assert len(names) == len(set(names)), "templates share no names of blocks"
    assert {part for step in STEPS for part in step.parts} == set(names) - _KEPT
    assert [part for step in STEPS for part in step.unlinked] == ["shared", "simple"]
    assert all(step.reason and not (step.parts and step.unlinked) for step in STEPS)
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_the_seeds_matrix_fits_as_a_whole(matrix: Matrix) -> None:
    described = describe(page(matrix, "arm64v8"))
    assert (described.limit, described.dropped) == (25_000, ())
    assert described.bytes < HUB_LIMIT


def test_a_byte_too_many_costs_one_part_and_a_byte_less_none(matrix: Matrix) -> None:
    whole = describe(page(matrix, "arm64v8"))
    assert describe(page(matrix, "arm64v8"), limit=whole.bytes) == Description(
        repository="arm64v8/python", architecture="arm64v8", text=whole.text, limit=whole.bytes
    )
    first = describe(page(matrix, "arm64v8"), limit=whole.bytes - 1)
    assert [one.part for one in first.dropped] == ["logo"]
    assert "![logo]" not in first.text
    assert first.bytes == whole.bytes - first.dropped[0].bytes


def test_steps_are_taken_in_order_and_sum_up(matrix: Matrix) -> None:
    whole, order = describe(page(matrix, "amd64")), [step.name for step in STEPS]
    seen: set[int] = set()
    for limit in range(2_900, whole.bytes, 97):
        described = describe(page(matrix, "amd64"), limit=limit)
        names = [one.part for one in described.dropped]
        assert names == order[: len(names)]
        assert sum(one.bytes for one in described.dropped) == whole.bytes - described.bytes
        assert described.bytes <= limit
        seen.add(len(names))
    assert seen >= set(range(1, 8)), "steps are taken one at a time"


def test_nothing_is_cut_in_the_middle(matrix: Matrix) -> None:
    whole = describe(page(matrix, "amd64"))
    lines = set(whole.text.splitlines())
    for limit in range(6_500, whole.bytes, 211):
        described = describe(page(matrix, "amd64"), limit=limit)
        assert set(described.text.splitlines()) <= lines
        found = headings(described.text)
        assert found == [one for one in headings(whole.text) if one in found]
        assert described.text.count("```") % 2 == 0
        if not any(one.part == "image variants" for one in described.dropped):
            assert "# Image Variants" in found


def test_links_go_only_when_nothing_else_is_left_and_tags_never(matrix: Matrix) -> None:
    whole, least = describe(page(matrix, "amd64")), describe(page(matrix, "amd64"), limit=2_900)
    assert [one.part for one in least.dropped][-2:] == ["links of shared tags", "links of simple tags"]
    assert headings(least.text) == [
        "# Supported tags and respective `Dockerfile` links",
        "## Simple Tags",
        "## Shared Tags",
    ]
    assert not links(least.text)
    assert code_of_tags(least.text) == code_of_tags(whole.text)
    assert "-\t`3.6.8-stretch`, `3.6-stretch` (*3.6/stretch/Dockerfile*)\n" in least.text
    assert "-\t`3.6.8`, `3.6`:\n\t-\t`3.6.8-stretch` (*3.6/stretch/Dockerfile*)\n" in least.text


def test_what_does_not_fit_at_all_is_one_error(matrix: Matrix) -> None:
    with pytest.raises(InvalidFileError, match=r"arm64v8/python: without all that can be left out.* 1,000 are allowed"):
        describe(page(matrix, "arm64v8"), limit=1_000)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    """Matrices with other lines, variants, architectures and names."""
    suites = draw(st.lists(st.sampled_from(["jessie", "stretch", "buster"]), min_size=1, max_size=3, unique=True))
    alpines = draw(st.lists(st.integers(0, 40), max_size=8, unique=True))
    architectures = ["amd64", "arm32v6", "arm64v8", "s390x"]

    def some_architectures() -> list[str]:
        return draw(st.lists(st.sampled_from(architectures), min_size=1, max_size=4, unique=True))

    def change(document: dict[str, Any]) -> None:
        document["name"] = draw(st.sampled_from(["python", "my-snake", "p" * 40]))
        document["default_suite"], document["default_alpine"] = suites[0], None
        document["enabled_architectures"] = ["amd64"]
        document["suites"] = {
            name: {
                "family": "debian",
                "bases": {"full": draw(st.sampled_from(["buildpack-deps", "debian"])) + f":{name}", "slim": "debian:s"},
                "architectures": some_architectures(),
            }
            for name in suites
        }
        for minor in alpines:
            document["suites"][f"alpine3.{minor}"] = {
                "family": "alpine", "bases": {"alpine": f"alpine:3.{minor}"}, "architectures": some_architectures()
            }  # fmt: skip
        if draw(st.booleans()):
            document["default_alpine"] = f"alpine3.{alpines[0]}" if alpines else None
        possible = [*suites, *(f"slim-{name}" for name in suites), *(f"alpine3.{minor}" for minor in alpines)]
        model = document["lines"]["3.7"]
        names = draw(
            st.lists(st.sampled_from(["2.6", "2.7", "3.6", "3.7", "3.8"]), min_size=1, max_size=5, unique=True)
        )
        document["lines"] = {
            name: {
                **model,
                "release": f"{name}.{draw(st.integers(0, 99))}",
                "aliases": draw(st.sampled_from([[], [f"alias-of-{name}"]])),
                "source": {"format": "tgz", "sha256": f"{index:064x}"},
                "variants": draw(st.lists(st.sampled_from(possible), min_size=1, unique=True)),
            }
            for index, name in enumerate(names)
        }
        if draw(st.booleans()):
            del document["hub"]

    return changed(change)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(matrices(), st.integers(500, 30_000), st.data())
def test_any_matrix_keeps_its_limit_and_its_tags(matrix: Matrix, limit: int, data: st.DataObject) -> None:
    existing = {name for image in matrix.images for name in image.variant.suite.architectures}
    about = page(matrix, data.draw(st.sampled_from([None, *sorted(existing)])))
    whole = describe(about, limit=1_000_000)
    tags = code_of_tags(whole.text)
    assert set(tags) == {tag for image in about.images for tag in (*image.tags, *image.shared_tags)}
    assert about.example.rpartition(":")[2] in tags
    assert not about.second or about.second.rpartition(":")[2] in tags
    try:
        described = describe(about, limit=limit)
    except InvalidFileError:
        bare = describe(about, limit=_least(whole, about))
        assert bare.bytes > limit
        return
    assert described.bytes <= limit
    assert code_of_tags(described.text) == tags
    for one in (whole, described):
        _well_formed(one.text)


def _least(whole: Description, about: Any) -> int:
    """The fewest bytes that the page can have: the greatest limit below which it is refused, found by halving."""
    low, high = 0, whole.bytes
    while high - low > 1:
        middle = (low + high) // 2
        try:
            describe(about, limit=middle)
            high = middle
        except InvalidFileError:
            low = middle
    return high


def _well_formed(text: str) -> None:
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text.partition("-->")[2]
    for address in links(text):
        assert address.startswith(("http://", "https://"))
        assert " " not in address
    words = "".join(one.content for one in inline(text) if one.type == "text")
    assert "](" not in words, "every link was read as one"
    assert "`" not in words, "code is closed where it was opened"
    assert "**" not in words
    assert "{{" not in text
    assert "{%" not in text
