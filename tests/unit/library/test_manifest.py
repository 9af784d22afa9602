"""The library file of the matrix: what the seed's README says of each image, with the architectures of its base."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.library.manifest import checked_text, library_of, only
from orchestrator.library.model import Library
from orchestrator.library.parsing import parse_library
from orchestrator.library.writing import library_text
from orchestrator.matrix.model import Matrix
from tests.unit.library.samples import COMMIT

DEBIAN = ("amd64", "arm32v5", "arm32v7", "arm64v8", "i386", "ppc64le", "s390x")
ALPINE = ("amd64", "arm32v6", "arm64v8", "i386", "ppc64le", "s390x")


def made(matrix: Matrix, *, builder: str = "", directory: str = "") -> Library:
    assert matrix.hub is not None
    return library_of(
        matrix,
        matrix.images,
        {image.directory: COMMIT for image in matrix.images},
        repository=matrix.hub.repository,
        directory=directory,
        maintainers=matrix.hub.maintainers,
        builder=builder,
    )


def test_an_entry_per_image_in_published_order_for_all_that_its_base_has(matrix: Matrix) -> None:
    library = made(matrix)
    assert [entry.directory for entry in library.entries] == [image.directory for image in matrix.images]
    assert len(library.entries) == 22
    for entry, image in zip(library.entries, matrix.images, strict=True):
        assert (entry.tags, entry.shared_tags) == (image.tags, image.shared_tags)
        assert entry.architectures == (ALPINE if "alpine" in entry.directory else DEBIAN)
        assert entry.git_commit == COMMIT
    assert len(matrix.enabled) == 2, "only two are built here, and all are named"


def test_it_looks_like_upstreams(matrix: Matrix) -> None:
    head, first, second, *_ = checked_text(made(matrix), matrix.path).split("\n\n")[1:]
    assert head == (
        "Maintainers: Tianon Gravi <admwiggin@gmail.com> (@tianon),\n"
        "             Joseph Ferguson <yosifkit@gmail.com> (@yosifkit)\n"
        "GitRepo: https://github.com/docker-library/python.git"
    )
    assert first == (
        "Tags: 3.7.2-stretch, 3.7-stretch, 3-stretch, stretch\n"
        "SharedTags: 3.7.2, 3.7, 3, latest\n"
        "Architectures: amd64, arm32v5, arm32v7, arm64v8, i386, ppc64le, s390x\n"
        f"GitCommit: {COMMIT}\n"
        "Directory: 3.7/stretch"
    )
    assert [line.partition(":")[0] for line in second.splitlines()] == [
        "Tags", "Architectures", "GitCommit", "Directory",
    ]  # fmt: skip


def test_commits_stay_with_their_entries_also_where_all_are_the_same(matrix: Matrix) -> None:
    text = library_text(made(matrix))
    assert text.count("GitCommit:") == len(matrix.images)
    assert text.count("SharedTags:") == sum(bool(image.shared_tags) for image in matrix.images) == 5


def test_it_reads_back_as_what_was_written(matrix: Matrix, debian_matrix: Matrix) -> None:
    for builder in ("", "buildkit", "classic"):
        library = made(matrix, builder=builder)
        assert parse_library(checked_text(library, "x")) == library
        assert {entry.builder for entry in library.entries} == {builder}
    assert made(matrix).comments
    with_hub = replace(debian_matrix, hub=matrix.hub)
    assert "Directory: examples/debian/3.9/bullseye\n" in checked_text(made(with_hub, directory="examples/debian"), "x")


def test_the_builder_stands_once_for_all(matrix: Matrix) -> None:
    text = library_text(made(matrix, builder="buildkit"))
    assert text.count("Builder: buildkit\n") == 1
    assert text.index("Builder: buildkit") < text.index("Tags:")
    assert "Builder" not in library_text(made(matrix))


@pytest.mark.parametrize("name", ["amd64", "arm32v6"])
def test_an_architecture_alone(matrix: Matrix, name: str) -> None:
    library = only(made(matrix), (name,))
    text = checked_text(library, "x")
    assert {entry.architectures for entry in library.entries} == {(name,)}
    assert re.findall(r"^Architectures: (.*)$", text, re.MULTILINE) == [name] * len(library.entries)
    assert len(library.entries) == sum(name in image.variant.suite.architectures for image in matrix.images)


def test_several_architectures_and_none(matrix: Matrix) -> None:
    library = only(made(matrix), ("s390x", "arm32v6"))
    assert {entry.architectures for entry in library.entries} == {("arm32v6", "s390x"), ("s390x",)}
    assert only(made(matrix), ()) == made(matrix)
    with pytest.raises(UsageError, match='no image has the architecture "arm64"') as found:
        only(made(matrix), ("arm64",))
    assert found.value.mend == 'did you mean "arm64v8"?'


def test_what_official_images_would_refuse_is_not_written(matrix: Matrix) -> None:
    library = made(matrix)
    twice = replace(library, entries=(*library.entries, replace(library.entries[0], directory="other")))
    with pytest.raises(
        InvalidFileError, match=r"versions\.json: official-images would refuse .* belongs to two entries"
    ):
        checked_text(twice, Path("versions.json"))
    unknown = replace(library, entries=(replace(library.entries[0], architectures=("m68k",)),))
    with pytest.raises(InvalidFileError, match='"m68k" is not right for Architectures'):
        checked_text(unknown, "x")
    nobody = replace(library, shared=replace(library.shared, maintainers=()))
    with pytest.raises(InvalidFileError, match="no Maintainers"):
        checked_text(nobody, "x")


def test_ten_thousand_images_stay_quick(matrix: Matrix) -> None:
    images = tuple(
        replace(
            image,
            line=replace(image.line, name=f"{number}.{image.line.name}"),
            tags=tuple(f"{number}-{tag}" for tag in image.tags),
            shared_tags=tuple(f"{number}-{tag}" for tag in image.shared_tags),
        )
        for number in range(455)
        for image in matrix.images
    )
    began = time.perf_counter()
    text = checked_text(made(replace(matrix, images=images)), "x")
    assert time.perf_counter() - began < 10
    assert text.count("\nTags: ") == len(images) == 10_010
