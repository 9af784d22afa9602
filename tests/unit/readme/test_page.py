"""Which images, names and tags a page is about."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.readme.page import architectures_of, example_tag, images_for
from tests.unit.readme.pages import changed, page


@pytest.mark.parametrize(
    ("architecture", "said", "mend"),
    [
        ("arm64", 'there is no architecture "arm64" in the matrix', 'did you mean "arm64v8"?'),
        ("windows-amd64", "the images for windows-amd64 are built, and described, by others", "use one of: amd64"),
        ("riscv64", "no image of the matrix exists for riscv64", "use one of: amd64"),
    ],
)
def test_an_architecture_without_images_is_refused(architecture: str, said: str, mend: str) -> None:
    matrix = changed(lambda document: document["architectures"].update(riscv64="linux/riscv64"))
    with pytest.raises(UsageError) as refused:
        images_for(matrix, architecture)
    assert refused.value.message == said
    assert refused.value.mend.startswith(mend)
    assert "riscv64" not in architectures_of(matrix)
    assert "riscv64" not in [one.name for one in page(matrix).architectures]


def test_it_need_not_be_enabled(matrix: Matrix) -> None:
    assert len(images_for(matrix, "s390x")) == 22
    assert len(images_for(matrix, "arm32v6")) == 12
    assert len(images_for(matrix, "arm32v7")) == 10
    assert images_for(matrix, None) == matrix.images


def test_architectures_are_listed_by_name_whoever_builds_for_them(matrix: Matrix) -> None:
    names = [one.name for one in page(matrix).architectures]
    assert names == sorted(names)
    assert {one.name: one.namespace for one in page(matrix).architectures if one.name != one.namespace} == {
        "windows-amd64": "winamd64"
    }


@pytest.mark.parametrize(
    ("change", "architecture", "three", "two"),
    [
        ({}, "amd64", "3", "2"),
        ({}, "arm32v6", "3-alpine", "2-alpine"),
        ({"3.7": []}, "amd64", "3.7", "2"),
        ({"2.7": []}, "amd64", "3", "2.7"),
        ({"3.7": [], "2.7": []}, "arm32v6", "3.7-alpine", "2.7-alpine"),
        ({"3.7": ["latest"]}, "arm32v6", "3.7-alpine", "2-alpine"),
    ],
)
def test_examples_use_a_tag_that_exists(change: dict[str, list[str]], architecture: str, three: str, two: str) -> None:
    def alias(document: dict[str, Any]) -> None:
        for line, aliases in change.items():
            document["lines"][line]["aliases"] = aliases

    images = images_for(changed(alias), architecture)
    assert (example_tag(images, 3), example_tag(images, 2)) == (three, two)
    assert {three, two} <= {tag for image in images for tag in (*image.tags, *image.shared_tags)}


def test_three_suites_are_joined_as_people_do() -> None:
    def more(document: dict[str, Any]) -> None:
        for name in ("jessie", "buster"):
            document["suites"][name] = {**document["suites"]["stretch"], "bases": {"slim": f"debian:{name}-slim"}}
            document["lines"]["3.7"]["variants"].append(f"slim-{name}")

    assert page(changed(more)).suites == "buster, jessie, or stretch"
    assert page(changed(more), "arm32v6").suites == ""
