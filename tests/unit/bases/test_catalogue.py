from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.bases.catalogue import BUILDPACK, BUILDPACK_DEPS, SLIM, debian_architecture, kind_of, wanted_bases
from orchestrator.errors import EnvironmentFailedError, UnreachableError
from orchestrator.matrix.model import Matrix, Platform


def test_each_base_is_wanted_once(debian_matrix: Matrix) -> None:
    names = [str(wanted) for wanted in wanted_bases(debian_matrix.cells)]
    assert sorted(names) == [
        "buildpack-deps:bullseye for amd64",
        "buildpack-deps:bullseye for arm64v8",
        "debian:bullseye-slim for amd64",
        "debian:bullseye-slim for arm64v8",
    ]


def test_alpine_is_not_debian(matrix: Matrix) -> None:
    wanted = wanted_bases(matrix.cells)
    assert wanted
    assert not [one for one in wanted if "alpine" in one.reference]


def test_kinds(debian_matrix: Matrix) -> None:
    kinds = {wanted.reference: kind_of(wanted) for wanted in wanted_bases(debian_matrix.cells)}
    assert kinds == {"buildpack-deps:bullseye": BUILDPACK_DEPS, "debian:bullseye-slim": SLIM}


def test_licences_stay_in_slim() -> None:
    options = SLIM.dpkg_options
    assert options.index("path-include=/usr/share/doc/*/copyright") > options.index("path-exclude=/usr/share/doc/*")


def test_no_package_is_listed_twice() -> None:
    listed = [package for group in BUILDPACK.values() for package in group]
    assert len(listed) == len(set(listed)) == len(BUILDPACK_DEPS.packages)


def test_an_archived_suite_says_where_to_go(matrix: Matrix) -> None:
    stretch = next(one for one in wanted_bases(matrix.cells) if one.suite.archived)
    with pytest.raises(UnreachableError, match="has left the mirrors") as caught:
        kind_of(stretch)
    assert "registry" in caught.value.mend


def test_an_unknown_reference_says_what_is_possible(debian_matrix: Matrix) -> None:
    (wanted, *_) = wanted_bases(debian_matrix.cells)
    with pytest.raises(EnvironmentFailedError) as caught:
        kind_of(replace(wanted, reference="example/own:1"))
    assert "debian:bullseye-slim" in caught.value.mend


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("linux/amd64", "amd64"),
        ("linux/arm64/v8", "arm64"),
        ("linux/arm/v5", "armel"),
        ("linux/arm/v7", "armhf"),
        ("linux/386", "i386"),
        ("linux/ppc64le", "ppc64el"),
        ("linux/s390x", "s390x"),
    ],
)
def test_debians_names(platform: str, name: str) -> None:
    assert debian_architecture(Platform.parse(platform)) == name


def test_debian_has_no_armv6() -> None:
    with pytest.raises(EnvironmentFailedError, match="linux/arm/v6"):
        debian_architecture(Platform.parse("linux/arm/v6"))
