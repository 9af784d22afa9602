"""The tags of all 22 images, as the official image published them in January 2019: the specification, written out."""

from __future__ import annotations

from orchestrator.matrix.model import Matrix

SIMPLE = """
3.7/stretch: 3.7.2-stretch 3.7-stretch 3-stretch stretch
3.7/stretch/slim: 3.7.2-slim-stretch 3.7-slim-stretch 3-slim-stretch slim-stretch 3.7.2-slim 3.7-slim 3-slim slim
3.7/alpine3.8: 3.7.2-alpine3.8 3.7-alpine3.8 3-alpine3.8 alpine3.8 3.7.2-alpine 3.7-alpine 3-alpine alpine
3.7/alpine3.7: 3.7.2-alpine3.7 3.7-alpine3.7 3-alpine3.7 alpine3.7
3.6/stretch: 3.6.8-stretch 3.6-stretch
3.6/stretch/slim: 3.6.8-slim-stretch 3.6-slim-stretch 3.6.8-slim 3.6-slim
3.6/alpine3.8: 3.6.8-alpine3.8 3.6-alpine3.8 3.6.8-alpine 3.6-alpine
3.6/alpine3.7: 3.6.8-alpine3.7 3.6-alpine3.7
3.6/alpine3.6: 3.6.8-alpine3.6 3.6-alpine3.6
3.5/stretch: 3.5.6-stretch 3.5-stretch
3.5/stretch/slim: 3.5.6-slim-stretch 3.5-slim-stretch 3.5.6-slim 3.5-slim
3.5/alpine3.8: 3.5.6-alpine3.8 3.5-alpine3.8 3.5.6-alpine 3.5-alpine
3.5/alpine3.7: 3.5.6-alpine3.7 3.5-alpine3.7
3.4/stretch: 3.4.9-stretch 3.4-stretch
3.4/stretch/slim: 3.4.9-slim-stretch 3.4-slim-stretch 3.4.9-slim 3.4-slim
3.4/alpine3.8: 3.4.9-alpine3.8 3.4-alpine3.8 3.4.9-alpine 3.4-alpine
3.4/alpine3.7: 3.4.9-alpine3.7 3.4-alpine3.7
2.7/stretch: 2.7.15-stretch 2.7-stretch 2-stretch
2.7/stretch/slim: 2.7.15-slim-stretch 2.7-slim-stretch 2-slim-stretch 2.7.15-slim 2.7-slim 2-slim
2.7/alpine3.8: 2.7.15-alpine3.8 2.7-alpine3.8 2-alpine3.8 2.7.15-alpine 2.7-alpine 2-alpine
2.7/alpine3.7: 2.7.15-alpine3.7 2.7-alpine3.7 2-alpine3.7
2.7/alpine3.6: 2.7.15-alpine3.6 2.7-alpine3.6 2-alpine3.6
"""
SHARED = {
    "3.7/stretch": ("3.7.2", "3.7", "3", "latest"),
    "3.6/stretch": ("3.6.8", "3.6"),
    "3.5/stretch": ("3.5.6", "3.5"),
    "3.4/stretch": ("3.4.9", "3.4"),
    "2.7/stretch": ("2.7.15", "2.7", "2"),
}


def test_simple_tags_and_their_order(matrix: Matrix) -> None:
    assert "\n".join(f"{image.directory}: {' '.join(image.tags)}" for image in matrix.images) == SIMPLE.strip()


def test_shared_tags(matrix: Matrix) -> None:
    assert {image.directory: image.shared_tags for image in matrix.images if image.shared_tags} == SHARED


def test_counts(matrix: Matrix) -> None:
    assert len(matrix.images) == 22
    assert len(matrix.cells) == 44
    assert sum(len(image.tags) for image in matrix.images) == 83
    assert sum(len(image.shared_tags) for image in matrix.images) == 13


def test_cells_are_grouped_by_image_in_order_of_the_enabled_architectures(matrix: Matrix) -> None:
    assert [cell.id for cell in matrix.cells[2:4]] == ["3.7-slim-stretch-amd64", "3.7-slim-stretch-arm64v8"]
    assert [str(cell.architecture.platform) for cell in matrix.cells[:2]] == ["linux/amd64", "linux/arm64/v8"]


def test_upstream_architectures(matrix: Matrix) -> None:
    suites = {suite.name: " ".join(suite.architectures) for suite in matrix.suites}
    assert suites["stretch"] == "amd64 arm32v5 arm32v7 arm64v8 i386 ppc64le s390x"
    assert (
        suites["alpine3.6"] == suites["alpine3.7"] == suites["alpine3.8"] == "amd64 arm32v6 arm64v8 i386 ppc64le s390x"
    )
