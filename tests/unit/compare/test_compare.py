"""What an edit means, in facts; that no edit means nothing, and that a way back is the mirror of the way there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.compare.compare import compare_matrices
from orchestrator.compare.model import RECIPE, CellChange, Comparison, Fate, Kind, Topic
from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Matrix
from tests.unit.compare import edits
from tests.unit.compare.edits import Edit, about, compared, edited, values


def fates(comparison: Comparison) -> dict[Fate, int]:
    return dict(Counter(cell.fate for cell in comparison.cells))


def test_a_release() -> None:
    comparison = compared(edits.release)
    assert [(one.before, one.after, one.where) for one in about(comparison, Topic.RELEASE)] == [
        ("3.7.2", "3.7.3", ("3.7",))
    ]
    assert values(comparison, Topic.ENVIRONMENT) == {"PYTHON_VERSION": ("3.7.2", "3.7.3")}
    assert values(comparison, Topic.CHECKSUM)["source"][1] == "a" * 64
    tags = values(comparison, Topic.TAG, Topic.SHARED_TAG)
    assert tags["3.7.3"] == (None, "3.7-stretch")
    assert tags["3.7.2-alpine"] == ("3.7-alpine3.8", None)
    assert "3.7" not in tags
    assert len(tags) == 14
    assert fates(comparison) == {Fate.BUILT: 8, Fate.KEPT: 36}
    # All that changed in the Dockerfiles is told by the facts.
    assert not about(comparison, Topic.DOCKERFILE, Topic.PACKAGE, Topic.MODULE)


def test_a_wheel_of_every_line_is_one_change() -> None:
    comparison = compared(edits.pip)
    (change,) = about(comparison, Topic.PIN)
    assert (change.subject, change.before, change.after) == ("pip", "18.1", "19.0")
    assert change.where == ("3.7", "3.6", "3.5", "3.4", "2.7")
    (variable,) = about(comparison, Topic.ENVIRONMENT)
    assert len(variable.where) == 22
    assert fates(comparison) == {Fate.BUILT: 44}


def test_an_extra_that_one_line_installs() -> None:
    comparison = compared(edits.other_extras)
    assert values(comparison, Topic.PIN) == {"virtualenv": ("16.2.0", "16.3.0")}
    assert {cell.image.partition("-")[0] for cell in comparison.fated(Fate.BUILT)} == {"2.7"}


def test_a_line_takes_the_aliases() -> None:
    comparison = compared(edits.new_line)
    assert values(comparison, Topic.LINE) == {"3.8": (None, "3.8.0 on stretch, slim-stretch, alpine3.8, alpine3.7")}
    assert [one.subject for one in about(comparison, Topic.IMAGE)] == [
        "3.8-stretch",
        "3.8-slim-stretch",
        "3.8-alpine3.8",
        "3.8-alpine3.7",
    ]
    shared = values(comparison, Topic.SHARED_TAG)
    assert shared["3"] == shared["latest"] == ("3.7-stretch", "3.8-stretch")
    assert shared["3.8.0"] == (None, "3.8-stretch")
    assert values(comparison, Topic.TAG)["slim"] == ("3.7-slim-stretch", "3.8-slim-stretch")
    # 3.7 is not built for losing tags.
    assert fates(comparison) == {Fate.NEW: 8, Fate.RETAGGED: 8, Fate.KEPT: 36}
    assert {cell.image.partition("-")[0] for cell in comparison.fated(Fate.RETAGGED)} == {"3.7"}


def test_an_alpine_that_takes_over_the_default() -> None:
    comparison = compared(edits.new_alpine)
    assert values(comparison, Topic.SETTING) == {"default_alpine": ("alpine3.8", "alpine3.9")}
    assert {one.subject: one.kind for one in about(comparison, Topic.SUITE)} == {
        "alpine3.9": Kind.ADDED,
        "alpine3.6": Kind.REMOVED,
    }
    tags = values(comparison, Topic.TAG)
    assert tags["3.7-alpine"] == tags["alpine"] == ("3.7-alpine3.8", "3.7-alpine3.9")
    assert tags["2.7-alpine3.6"] == ("2.7-alpine3.6", None)
    assert fates(comparison) == {Fate.NEW: 10, Fate.GONE: 4, Fate.RETAGGED: 10, Fate.KEPT: 30}


def test_a_variant_goes() -> None:
    comparison = compared(edits.without_variant)
    assert [(one.subject, one.kind) for one in about(comparison, Topic.IMAGE)] == [("3.5-alpine3.7", Kind.REMOVED)]
    assert values(comparison, Topic.TAG) == {
        "3.5-alpine3.7": ("3.5-alpine3.7", None),
        "3.5.6-alpine3.7": ("3.5-alpine3.7", None),
    }
    assert comparison.fated(Fate.GONE) == tuple(
        CellChange(id=f"3.5-alpine3.7-{one}", image="3.5-alpine3.7", architecture=one, fate=Fate.GONE)
        for one in ("amd64", "arm64v8")
    )
    assert {one.topic for one in comparison.changes} == {Topic.IMAGE, Topic.TAG}


def test_a_base() -> None:
    comparison = compared(edits.other_base)
    (change,) = comparison.changes
    assert (change.topic, change.subject, change.before) == (Topic.BASE, "slim", "debian:stretch-slim")
    assert change.where == ("stretch",)
    assert {cell.image for cell in comparison.fated(Fate.BUILT)} == {
        f"{line}-slim-stretch" for line in ("3.7", "3.6", "3.5", "3.4", "2.7")
    }


def test_an_architecture() -> None:
    comparison = compared(edits.another_architecture)
    assert values(comparison, Topic.ARCHITECTURE) == {
        "arm32v7": ("linux/arm/v7, is not built", "linux/arm/v7, is built")
    }
    (cells,) = about(comparison, Topic.CELL)
    assert (cells.subject, len(cells.where)) == ("arm32v7", 10)
    assert fates(comparison) == {Fate.NEW: 10, Fate.KEPT: 44}


def test_a_step_with_the_lines_that_nothing_else_tells() -> None:
    comparison = compared(edits.from_the_mirrors)
    assert [(one.topic, one.subject, one.kind) for one in comparison.changes] == [
        (Topic.SUITE_STATE, "archived", Kind.CHANGED),
        (Topic.STEP, "archived-suite", Kind.REMOVED),
        (Topic.DOCKERFILE, "lines", Kind.REMOVED),
    ]
    (lines,) = about(comparison, Topic.DOCKERFILE)
    assert "-e '/ stretch-updates /d'" in (lines.before or "")
    assert len(lines.where) == 10


def test_a_suite_for_another_is_new_images_not_changed_ones() -> None:
    comparison = compared(edits.new_suite)
    tags = values(comparison, Topic.TAG, Topic.SHARED_TAG)
    assert tags["latest"] == ("3.7-stretch", "3.7-buster")
    assert tags["3.7-slim"] == ("3.7-slim-stretch", "3.7-slim-buster")
    assert not [one for one in comparison.changes if one.topic in RECIPE]
    assert fates(comparison) == {Fate.NEW: 20, Fate.GONE: 20, Fate.KEPT: 24}


def test_what_is_only_told_builds_nothing() -> None:
    comparison = compared(edits.other_hub)
    assert not comparison.empty
    assert fates(comparison) == {Fate.KEPT: 44}
    assert {one.topic for one in comparison.changes} == {Topic.HUB, Topic.ARCHITECTURE}


def test_another_default_suite_is_another_order() -> None:
    def two(document: dict[str, dict[str, object]]) -> None:
        document["suites"]["buster"] = {
            "family": "debian",
            "bases": {"full": "buildpack-deps:buster"},
            "architectures": ["amd64"],
        }
        document["lines"]["3.7"]["variants"] = ["stretch", "buster"]  # type: ignore[index]

    def buster(document: dict[str, object]) -> None:
        document["default_suite"] = "buster"

    before, after = edited(two), edited(two, buster)
    comparison = compare_matrices(before, after)
    order = values(comparison, Topic.SETTING)["order of images"]
    assert (order[0] or "").startswith("3.7-stretch 3.7-buster ")
    assert (order[1] or "").startswith("3.7-buster 3.7-stretch ")


def test_a_matrix_where_there_was_none(matrix: Matrix) -> None:
    comparison = compare_matrices(None, matrix)
    assert {one.kind for one in comparison.changes} == {Kind.ADDED}
    assert len(about(comparison, Topic.IMAGE)) == 22
    assert fates(comparison) == {Fate.NEW: 44}


def test_a_matrix_that_the_rules_do_not_fit() -> None:
    def bare(document: dict[str, dict[str, dict[str, object]]]) -> None:
        document["lines"]["2.7"]["extras"] = []

    with pytest.raises(InvalidFileError, match="virtualenv, which is not pinned"):
        compared(bare)


def test_the_same_is_empty(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (matrix, debian_matrix):
        comparison = compare_matrices(one, one)
        assert comparison.empty
        assert not comparison.changes


def test_two_matrices_that_share_little(matrix: Matrix, debian_matrix: Matrix) -> None:
    there = compare_matrices(matrix, debian_matrix, before_label="a", after_label="b")
    back = compare_matrices(debian_matrix, matrix, before_label="b", after_label="a")
    assert there.mirrored == back
    assert not there.empty


_SUBSETS = st.sets(st.sampled_from(edits.EDITS)).map(lambda found: tuple(one for one in edits.EDITS if one in found))


@given(_SUBSETS, _SUBSETS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_way_back_is_the_mirror(first: tuple[Edit, ...], second: tuple[Edit, ...]) -> None:
    a, b = edited(*first), edited(*second)
    there = compare_matrices(a, b)
    back = compare_matrices(b, a)
    assert replace(there.mirrored, before="", after="") == replace(back, before="", after="")
    assert there.empty == (a == b)
    assert compare_matrices(a, edited(*first)).empty
