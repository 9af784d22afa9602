from __future__ import annotations

import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.matrix.platforms import normalise, runs_too


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm64/8", "linux/arm64/v8"),
        ("linux/aarch64", "linux/arm64/v8"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/386", "linux/386"),
        ("linux/i386", "linux/386"),
        ("Linux/S390X", "linux/s390x"),
    ],
)
def test_each_spelling_has_one_form(written: str, normal: str) -> None:
    assert normalise(written) == normal
    assert normalise(normal) == normal


def test_no_two_architectures_of_the_matrix_become_one(matrix: Matrix) -> None:
    platforms = {str(cell.architecture.platform) for cell in matrix.cells}
    assert len({normalise(platform) for platform in platforms}) == len(platforms) > 1


def test_arm_runs_what_was_built_for_its_forerunners_only() -> None:
    assert runs_too("linux/arm/v7") == {"linux/arm/v5", "linux/arm/v6", "linux/arm/v7"}
    assert runs_too("linux/arm/v5") == {"linux/arm/v5"}
    assert runs_too("linux/arm64/v8") == {"linux/arm64/v8"}
    assert runs_too("linux/amd64/v2") == {"linux/amd64/v2"}
