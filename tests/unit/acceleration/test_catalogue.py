"""Which tools a cell gets, and what the file of facts is held to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.acceleration.catalogue import FACTS, load_facts, tools_for
from orchestrator.acceleration.model import Corrected, Tools
from orchestrator.errors import InvalidFileError
from orchestrator.matrix.model import Architecture, Cell, Matrix, Platform
from orchestrator.recipe.recipe import recipe_for

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
    assert there - here == {"expr", "find", "grep", "nl", "od", "sed", "tar", "wc"}
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


def test_no_recipe_asks_a_corrected_compiler_for_what_was_corrected(debian_matrix: Matrix, matrix: Matrix) -> None:
    """Tools are judged by one cell, and used for all of its suite: bookworm's compile the same without stack protectors only."""
    macros = {suite.corrected.unless for suite in load_facts().suites.values() if suite.corrected is not None}
    assert macros == {"", "__SSP"}
    images = {image.id: image for one in (debian_matrix, matrix) for image in one.images}
    variant = images["3.9-slim-bullseye"].variant
    bookworm = replace(variant, suite=replace(variant.suite, name="bookworm"))
    recipes = [recipe_for(image) for image in images.values()]
    recipes += [recipe_for(replace(image, variant=bookworm)) for image in images.values()]
    flags = [flag for recipe in recipes for flag in (*recipe.configure_flags, *recipe.make_flags)]
    assert any("CFLAGS" in str(flag) for flag in flags)
    assert [flag for flag in flags if re.search(r"stack-protector|dpkg-buildflags|hardening", str(flag))] == []


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
    i386 = next(one for one in matrix.known if one.name == "i386")
    assert why(replace(alpine, architecture=i386)) == "there are no native tools for i386"
    later = replace(alpine.image.variant, suite=replace(alpine.image.variant.suite, name="alpine3.9"))
    assert why(replace(alpine, image=replace(alpine.image, variant=later))) == "there are no native tools for alpine3.9"
    # What Debian calls armel is none of Alpine's architectures, and the other way round.
    armel, armhf = (next(one for one in matrix.known if one.name == name) for name in ("arm32v5", "arm32v6"))
    assert why(replace(alpine, architecture=armel)) == "there are no native tools for arm32v5"
    assert isinstance(tools_for(replace(alpine, architecture=armhf), HOST), Tools)


def test_alpine_gets_small_tools_out_of_packages_that_its_own_dockerfiles_add(matrix: Matrix) -> None:
    facts = load_facts()
    images = [image for image in matrix.images if image.variant.suite.name in facts.alpine.suites]
    assert images
    for image in images:
        cell = next(one for one in matrix.cells if one.image.id == image.id and one.architecture.name == "arm64v8")
        tools = tools_for(cell, HOST)
        assert isinstance(tools, Tools)
        # "take" wants each of them there, in the same version.
        assert set(tools.packages) <= {part.text for part in recipe_for(image).build_packages}
        assert (tools.triplet, tools.compiler, tools.compilers, tools.cache, tools.corrected) == ("", "", (), "", None)
        assert tools.base == image.variant.base
        assert {"sh", "sed", "make", "find"} <= set(tools.programs)
        assert len(set(tools.programs)) == len(tools.programs)


def test_each_architecture_has_the_suites_of_its_families() -> None:
    facts = load_facts()
    assert facts.suites_for("arm32v5") == facts.suites.keys()
    assert facts.suites_for("arm32v6") == facts.alpine.suites.keys()
    assert facts.suites_for("arm64v8") == facts.suites.keys() | facts.alpine.suites.keys()
    assert facts.suites_for("i386") == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[dash]", "[dash, uname]", "uname knows an architecture"),
        ("[dash]", "[dash, perl]", "perl knows an architecture"),
        ("[find, xargs]", "[find, busybox]", "busybox knows an architecture"),
        ("[find, xargs]", "[find, hostid]", "alpine.programs[3]"),
        ("names: [coreutils", "names: [Coreutils", "alpine.packages.names[0]"),
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
