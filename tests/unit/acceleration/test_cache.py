"""The compiler cache: who gets it, and how Dockerfiles take it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.acceleration.catalogue import cache_for, tools_for
from orchestrator.acceleration.making import plan_tools
from orchestrator.acceleration.model import MOUNT, Tools
from orchestrator.matrix.model import Architecture, Matrix, Platform
from orchestrator.recipe.recipe import recipe_for
from orchestrator.render.dockerfile import render, template_directories

HOST = Architecture(name="amd64", platform=Platform(os="linux", architecture="amd64"))
CACHE = "/dev/ccache"


def dockerfile_of(matrix: Matrix, architecture: str) -> str:
    """Give what the tools of a cell are made by: natively executed for amd64, emulated for any other architecture."""
    cell = next(cell for cell in matrix.cells if cell.id == f"2.7-slim-bullseye-{architecture}")
    tools = cache_for(cell, HOST) if architecture == HOST.name else tools_for(cell, HOST)
    assert isinstance(tools, Tools)
    return plan_tools(tools, recipe_for(cell.image), "sha256:0", template_directories(matrix)).dockerfile


def files_of(dockerfile: str) -> dict[str, str]:
    """Give the files that a Dockerfile of tools writes by itself: name to text."""
    return dict(
        re.findall(r'^COPY [^\n]*<<"EOF" /native-tools/(\S+)\n(.*?)^EOF$', dockerfile, re.MULTILINE | re.DOTALL)
    )


def steps_of(dockerfile: str) -> list[str]:
    return re.findall(r"^RUN (?:.*\\\n)*.*$", dockerfile, re.MULTILINE)


def test_a_native_cell_gets_the_cache_and_no_program_in_place_of_its_own(debian_matrix: Matrix) -> None:
    cell = next(cell for cell in debian_matrix.cells if cell.id == "2.7-slim-bullseye-amd64")
    tools = cache_for(cell, HOST)
    assert isinstance(tools, Tools)
    assert (tools.programs, tools.compilers, tools.triplet) == ((), (), "")
    assert tools.packages == ("binutils", "ccache", "patchelf")
    assert str(tools) == "compiler cache of bullseye for amd64"
    text = dockerfile_of(debian_matrix, "amd64")
    assert set(files_of(text)) == {"90native-tools", "cache"}
    assert files_of(text)["90native-tools"] == 'Acquire::Retries "3";\n'
    assert "tree" not in text


def test_an_emulated_cell_gets_it_with_its_tools(debian_matrix: Matrix) -> None:
    emulated, native = (files_of(dockerfile_of(debian_matrix, name)) for name in ("arm64v8", "amd64"))
    assert set(emulated) == {"take", "leave", "90native-tools", "cache"}
    # The same text: it finds out by itself whose compiler it has before it.
    assert emulated["cache"] == native["cache"]


def test_what_has_no_cache_says_why(matrix: Matrix) -> None:
    cell = next(cell for cell in matrix.cells if cell.id == "3.7-alpine3.8-amd64")
    assert cache_for(cell, HOST) == "the compiler cache is one of Debian's packages, and this is alpine"


def test_the_step_that_compiles_has_it_and_no_other(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (matrix, debian_matrix):
        for image in one.images:
            steps = steps_of(render(recipe_for(image), template_directories(one)))
            (having,) = (step for step in steps if CACHE in step)
            assert "make -j" in having
            # Suites have versions of it that do not count alike; the hash of the compiler keeps architectures apart.
            assert f"--mount=type=cache,id=ccache-{image.variant.suite.name},target={CACHE} " in having
            # Read by the step's own shell, where there is one, and only then.
            assert f"if [ -e {MOUNT}/cache ]; then . {MOUNT}/cache; fi \\\n\t&& make" in having


def test_nothing_of_it_is_written_where_an_image_could_have_it(debian_matrix: Matrix) -> None:
    text = files_of(dockerfile_of(debian_matrix, "arm64v8"))["cache"]
    written = re.findall(r"(?:^|\s)>+ *(\S+)", text)
    assert written == [f"{CACHE}.log"]
    assert re.findall(r"CCACHE_(?:DIR|LOGFILE|CONFIGPATH)=(\S+)", text) == [CACHE, "/dev/null", f"{CACHE}.log"]


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        # ccache 3.3 to 4.3 tell results in words, later ones by name, and more of them.
        ("Result: cache hit (direct)", (1, 0)),
        ("Result: cache hit (preprocessed)", (1, 0)),
        ("Result: cache miss", (0, 1)),
        ("Result: preprocessed_cache_hit", (1, 0)),
        ("Result: cache_miss", (0, 1)),
        ("Result: preprocessed_cache_miss", (0, 0)),
        ("Result: primary_storage_hit", (0, 0)),
        ("Result: called for link", (0, 0)),
        ("Result: called_for_link", (0, 0)),
    ],
)
def test_results_are_counted_as_each_version_tells_them(
    debian_matrix: Matrix, said: str, counts: tuple[int, int]
) -> None:
    text = files_of(dockerfile_of(debian_matrix, "arm64v8"))["cache"]
    hits, misses = (re.compile(pattern) for pattern in re.findall(r'grep -c -E "(Result[^"]*)"', text))
    line = f"[2026-11-26T02:44:29.565014 167  ] {said}"
    assert (int(bool(hits.search(line))), int(bool(misses.search(line)))) == counts


def test_another_cache_is_another_identity(debian_matrix: Matrix) -> None:
    cell = next(cell for cell in debian_matrix.cells if cell.id == "2.7-slim-bullseye-arm64v8")
    tools = tools_for(cell, HOST)
    assert isinstance(tools, Tools)
    recipe, directories = recipe_for(cell.image), template_directories(debian_matrix)
    with_it, without = (plan_tools(one, recipe, "sha256:0", directories) for one in (tools, replace(tools, cache="")))
    assert "/native-tools/cache" not in without.dockerfile
    assert with_it.identity != without.identity
