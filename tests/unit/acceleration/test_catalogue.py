"""Which tools a cell gets, and what the file of facts is held to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import FACTS, load_facts, tools_for
from orchestrator.acceleration.model import Corrected, Tools
from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Architecture, Cell, Matrix, Platform

HOST = Architecture(name="amd64", platform=Platform(os="linux", architecture="amd64"))


def cell_of(matrix: Matrix, suite: str, architecture: str) -> Cell:
    """Give a cell of the matrix in another suite and for another architecture."""
    cell = next(cell for cell in matrix.cells if cell.id == "2.7-slim-bullseye-arm64v8")
    variant = cell.image.variant
    return replace(
        cell,
        image=replace(cell.image, variant=replace(variant, suite=replace(variant.suite, name=suite))),
        architecture=next(one for one in matrix.known if one.name == architecture),
    )


def tools_of(matrix: Matrix, suite: str, architecture: str) -> Tools:
    tools = tools_for(cell_of(matrix, suite, architecture), HOST)
    assert isinstance(tools, Tools)
    return tools


@pytest.mark.parametrize(
    ("suite", "architecture", "compiler"),
    [
        ("bullseye", "arm64v8", "gcc-10-aarch64-linux-gnu"),
        ("bullseye", "arm32v7", "gcc-10-arm-linux-gnueabihf"),
        ("bullseye", "arm32v5", "gcc-10-arm-linux-gnueabi"),
        ("bullseye", "ppc64le", "gcc-10-powerpc64le-linux-gnu"),
        ("bookworm", "s390x", "gcc-12-s390x-linux-gnu"),
        ("trixie", "arm64v8", "gcc-14-aarch64-linux-gnu"),
    ],
)
def test_the_compiler_is_the_suites_own_cross_compiler(
    debian_matrix: Matrix, suite: str, architecture: str, compiler: str
) -> None:
    tools = tools_of(debian_matrix, suite, architecture)
    assert compiler in tools.packages
    assert f"gcc-{tools.compiler}" in tools.compilers
    assert compiler.endswith(tools.triplet)


def test_where_locale_files_cannot_be_read_what_reads_characters_stays_emulated(debian_matrix: Matrix) -> None:
    here, there = (set(tools_of(debian_matrix, "bullseye", name).programs) for name in ("s390x", "arm64v8"))
    assert there - here == {"expr", "find", "grep", "nl", "sed", "tar", "wc"}
    assert here < there
    # What "take" and "leave" run.
    assert {"dash", "mawk", "tr", "mkdir", "mv", "ln", "rm"} <= here


def test_a_suite_whose_compiler_was_corrected_since_says_so(debian_matrix: Matrix) -> None:
    corrected = {
        suite: tools_of(debian_matrix, suite, "arm64v8").corrected for suite in ("stretch", "bullseye", "bookworm")
    }
    assert corrected == {
        "stretch": Corrected(cross="6.3.0-18", native="6.3.0-18+deb9u1"),
        "bullseye": None,
        "bookworm": Corrected(cross="12.2.0-14", native="12.2.0-14+deb12u1", unless="__SSP"),
    }


def test_what_has_no_tools_says_why(debian_matrix: Matrix, matrix: Matrix) -> None:
    def why(cell: Cell, host: Architecture = HOST) -> str:
        said = tools_for(cell, host)
        assert isinstance(said, str)
        return said

    assert why(cell_of(debian_matrix, "bullseye", "i386")) == "there are no native tools for i386"
    assert why(cell_of(debian_matrix, "sid", "arm64v8")) == "there are no native tools for sid"
    arm = next(one for one in debian_matrix.known if one.name == "arm64v8")
    assert (
        why(cell_of(debian_matrix, "bullseye", "arm32v7"), arm) == "there are no native tools for machines of arm64v8"
    )
    alpine = next(cell for cell in matrix.cells if cell.id == "3.7-alpine3.8-arm64v8")
    assert "no packaged compiler" in why(alpine)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[dash]", "[dash, uname]", "uname knows an architecture"),
        ("[dash]", "[dash, perl]", "perl knows an architecture"),
        ("without: [expr,", "without: [expt,", "expt is none of the programs"),
        ("cross: 12.2.0-14", "cross: twelve", "the version of a package"),
        ("unless: __SSP", "unless: -fstack", "how macros begin"),
        ("triplet: s390x-linux-gnu", "triplet: S390X", "triplet"),
        ("hosts: [amd64]", "hosts: [amd64]\nguests: []", "guests"),
    ],
)
def test_a_wrong_fact_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FACTS.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "tools.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        load_facts(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message
