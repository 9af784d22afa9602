"""The text, held against the description that the work started from, and against the rules behind it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.prove.proofs.readme import dockerfile, script
from orchestrator.prove.proofs.readme.application import NAME
from orchestrator.readme.description import Description, describe
from orchestrator.readme.home import Home
from tests.unit.readme.pages import (
    COMMITS,
    OFFICIAL,
    SEED,
    changed,
    code_of_tags,
    fences,
    headings,
    links,
    page,
    section,
)


def text_of(matrix: Matrix, architecture: str | None = None, *, home: Home = OFFICIAL) -> str:
    return describe(page(matrix, architecture, home=home)).text


def test_generated_parts_are_the_seeds_byte_for_byte(matrix: Matrix) -> None:
    assert len(COMMITS) == 22
    text = text_of(matrix, "arm64v8")
    start = SEED.index("# What is Python?")
    assert text[:start] == SEED[:start], "warning, tags, badge, quick reference"
    assert headings(text) == headings(SEED)
    assert fences(text) == fences(SEED)
    for part in (
        "> [wikipedia.org/wiki/Python_(programming_language)](https://en.wikipedia.org/wiki/Python_%28programming_language%29)",
        "![logo](https://raw.githubusercontent.com/docker-library/docs/01c12653951b2fe592c1f93a13b4e289ada0e3a1/python/logo.png)",
        "View license information for [Python 2](https://docs.python.org/2/license.html) and [Python 3](https://docs.python.org/3/license.html).",
        "names like stretch in them",
    ):
        assert part in SEED
        assert part in text
    assert sorted(set(links(text))) == sorted(set(links(SEED)))


def test_prose_is_our_own(matrix: Matrix) -> None:
    start = SEED.index("# What is Python?")

    def sentences(text: str) -> set[str]:
        lines = [line for line in text[start:].splitlines() if re.match(r"[A-Z]", line) and "View license" not in line]
        prose = [line for line in lines if line not in "".join(fences(SEED))]
        return {one for line in prose for one in re.split(r"(?<=[.:])\s+", line)}

    ours, theirs = sentences(text_of(matrix, "arm64v8")), sentences(SEED)
    assert len(ours) > 15
    assert len(theirs) > 15
    assert not ours & theirs


def test_the_unprefixed_one_has_other_names_and_no_badge(matrix: Matrix) -> None:
    """So it is in https://github.com/docker-library/docs/blob/master/julia/README.md and its like."""
    own, all_of_them = text_of(matrix, "arm64v8"), text_of(matrix)
    badge = re.compile(r"^\[!\[Build Status\].*\n\n", re.MULTILINE)
    assert badge.search(own)
    assert (
        badge.sub("", own)
        .replace("arm64v8/python", "python")
        .replace("hub.docker.com/r/python", "hub.docker.com/r/arm64v8/python")
        == all_of_them
    )


def test_an_architecture_has_the_images_that_exist_for_it(matrix: Matrix) -> None:
    alpine, debian = text_of(matrix, "arm32v6"), text_of(matrix, "arm32v5")
    assert len(section(alpine, "## Simple Tags").splitlines()) == 12
    assert "stretch" not in alpine
    assert "## Shared Tags" not in headings(alpine)
    assert [one for one in headings(alpine) if "<version>" in one] == ["## `arm32v6/python:<version>-alpine`"]
    assert "arm32v6/python:3-alpine python your-daemon" in alpine
    assert fences(alpine)[1].startswith("FROM arm32v6/python:2-alpine\n")
    assert "All `arm32v6/python` images bring the same along" in alpine
    assert "smallest of them" not in alpine
    assert "alpine" not in debian.lower()
    assert section(debian, "## Shared Tags") == section(SEED, "## Shared Tags")
    assert [one for one in headings(debian) if "<version>" in one] == [
        "## `arm32v5/python:<version>`",
        "## `arm32v5/python:<version>-slim`",
    ]


def test_a_matrix_without_shared_tags_has_one_list_without_headings() -> None:
    """So it is in https://github.com/docker-library/docs/blob/master/logstash/README.md and its like."""

    def alpine_only(document: dict[str, Any]) -> None:
        for line in document["lines"].values():
            line["variants"] = [name for name in line["variants"] if name.startswith("alpine")]

    text = text_of(changed(alpine_only), "amd64")
    assert headings(text)[:2] == ["# Supported tags and respective `Dockerfile` links", "# Quick reference"]
    assert section(text, "# Supported tags and respective `Dockerfile` links").startswith("-\t[`3.7.2-alpine3.8`")


def test_a_matrix_without_alpine_says_nothing_of_it(debian_matrix: Matrix) -> None:
    text = text_of(debian_matrix, "arm64v8")
    assert "alpine" not in text.lower()
    assert "names like bullseye in them" in text


def test_several_suites_are_named() -> None:
    def with_buster(document: dict[str, Any]) -> None:
        suites = document["suites"]
        suites["buster"] = {
            "family": "debian",
            "bases": {"full": "buildpack-deps:buster", "slim": "debian:buster-slim"},
            "architectures": ["amd64", "arm64v8"],
        }
        document["lines"]["3.7"]["variants"] += ["buster", "slim-buster"]

    matrix = changed(with_buster)
    assert "names like buster or stretch in them" in text_of(matrix)
    assert "names like buster or stretch in them" in text_of(matrix, "amd64")
    assert "names like stretch in them" in text_of(matrix, "s390x")


def test_without_full_images_nothing_is_said_of_them() -> None:
    def slim_only(document: dict[str, Any]) -> None:
        for line in document["lines"].values():
            line["variants"] = ["slim-stretch", "alpine3.8"]

    text = text_of(changed(slim_only), "amd64")
    assert "FROM amd64/python:3-slim\n" in text
    assert "buildpack-deps" not in text
    assert "default image" not in text
    assert section(text, "# Image Variants").endswith("when another one becomes the default.")


def test_another_base_is_not_buildpack_deps() -> None:
    def other(document: dict[str, Any]) -> None:
        document["suites"]["stretch"]["bases"]["full"] = "buildpack-deps:stretch-scm"

    text = text_of(changed(other), "amd64")
    assert "## `amd64/python:<version>`" in text
    assert "buildpack-deps" not in text


@pytest.mark.parametrize("left", ["2.7", "3.7"])
def test_one_major_version_has_one_set_of_examples(left: str) -> None:
    def alone(document: dict[str, Any]) -> None:
        document["lines"] = {left: document["lines"][left]}

    text, major = text_of(changed(alone), "arm64v8"), left[0]
    assert [fence for fence in fences(text) if "FROM" in fence or "my-running-script" in fence] == [
        fence.replace("python:3\n", f"python:{major}\n").replace("python:3 ", f"python:{major} ")
        for fence in (fences(SEED)[0], fences(SEED)[3])
    ]
    assert f"View license information for [Python {major}](https://docs.python.org/{major}/license.html).\n" in text
    assert f"Python {5 - int(major)}" not in text


def test_other_names_and_repositories_are_taken_over() -> None:
    def other(document: dict[str, Any]) -> None:
        document["name"] = "snake"
        document["hub"] = {"repository": "https://git.example.org/zoo/snake", "elsewhere": {"vax": "oldvax"}}

    matrix = changed(other)
    home = Home(address="https://git.example.org/zoo/snake", keepers="Ann and Ben", official=True)
    text = text_of(matrix, "s390x", home=home)
    assert 'DO NOT EDIT "snake/README.md"' in text
    assert "Build Status" not in text
    assert "[https://git.example.org/zoo/snake/issues](https://git.example.org/zoo/snake/issues)" in text
    assert "[Ann and Ben](https://git.example.org/zoo/snake)" in text
    assert "[`vax`](https://hub.docker.com/r/oldvax/snake/)" in text
    assert "library%2Fsnake" in text
    assert "FROM s390x/snake:3\n" in text
    assert "windows" not in text.replace("Windows", "")
    assert "(https://git.example.org/zoo/snake/blob/" in text
    assert "s390x/python" not in text


def test_an_image_that_is_not_official_has_no_links_to_the_officials_repositories(debian_matrix: Matrix) -> None:
    home = Home(address="https://git.example.org/a/b", keepers="a/b", official=False, directory="examples/debian")
    text = text_of(debian_matrix, home=home)
    for place in ("repo-info", "official-images/", "docker-library/docs/tree"):
        assert place not in text
    assert re.search(r"https://git\.example\.org/a/b/blob/0{40}/examples/debian/3\.9/bullseye/Dockerfile\)", text)
    assert "(*3.9/bullseye/Dockerfile*)" in text


def test_a_job_need_not_name_its_architecture() -> None:
    def other(document: dict[str, Any]) -> None:
        document["hub"]["build_job"] = "https://ci.example.org/python"

    assert (
        "[![Build Status](https://ci.example.org/python/badge/icon) (`i386/python` build job)](https://ci.example.org/python/)"
        in text_of(changed(other), "i386")
    )


def test_examples_are_those_that_are_proven(matrix: Matrix) -> None:
    shown = fences(text_of(matrix, "arm64v8"))
    proven = re.sub(r"--mount=\S+ ", "", dockerfile._DOCKERFILE.format(image="arm64v8/python:3"))
    assert shown[0] == proven
    assert f"-w {script._PLACE} arm64v8/python:3 python {NAME}\n" in shown[3]


def test_every_tag_and_no_other_is_listed(matrix: Matrix, debian_matrix: Matrix) -> None:
    for one in (matrix, debian_matrix):
        described = page(one)
        expected = [tag for image in described.images for tag in image.tags]
        for image in described.images:
            if image.shared_tags:
                expected += [*image.shared_tags, image.tags[0]]
        assert code_of_tags(describe(described).text) == expected


def test_bytes_are_counted_in_utf_8() -> None:
    assert Description(repository="x", architecture=None, text="ü", limit=9).bytes == 2
