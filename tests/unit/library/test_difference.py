"""What differs between two library files: said by tags and fields, whatever their layout."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.library.describing import describe_difference, describe_library, difference_lines
from orchestrator.library.difference import FieldChange, TagChange, difference
from orchestrator.library.parsing import parse_library
from tests.unit.library.samples import COMMIT, FULL, OTHER, PLAIN

PLAINLY = parse_library(PLAIN)


def test_the_same_in_another_layout_is_the_same() -> None:
    first, second = PLAINLY.entries
    swapped = replace(PLAINLY, entries=(second, replace(first, tags=first.tags[::-1])))
    assert not difference(PLAINLY, swapped)
    assert not difference(parse_library(FULL), parse_library(FULL))


def test_tags_that_come_go_and_move() -> None:
    text = PLAIN.replace("2.1-stretch, stretch", "2.2-stretch").replace("Tags: 2.1-slim", "Tags: 2.1-slim, stretch")
    found = difference(PLAINLY, parse_library(text))
    assert found.added == (TagChange(tag="2.2-stretch", before="", after="2.1/stretch"),)
    assert found.removed == (TagChange(tag="2.1-stretch", before="2.1/stretch", after=""),)
    assert found.moved == (TagChange(tag="stretch", before="2.1/stretch", after="2.1/stretch/slim"),)
    assert found.changed == ()
    assert difference_lines(found) == [
        "+ 2.2-stretch: 2.1/stretch",
        "- 2.1-stretch: 2.1/stretch",
        "~ stretch: 2.1/stretch -> 2.1/stretch/slim",
    ]


def test_a_tag_that_becomes_shared_moves() -> None:
    text = PLAIN.replace("2.1-stretch, stretch", "2.1-stretch").replace("2.1, latest", "2.1, latest, stretch")
    assert difference(PLAINLY, parse_library(text)).moved == (
        TagChange(tag="stretch", before="2.1/stretch", after="2.1/stretch (shared)"),
    )


def test_fields_that_change() -> None:
    text = PLAIN.replace("amd64, arm64v8", "amd64, i386").replace("Bo Two", "Bo Three")
    found = difference(PLAINLY, parse_library(text))
    ada = "Ada One <ada@example.org> (@ada)"
    assert found.changed == (
        FieldChange(directory="", name="Maintainers", before=f"{ada}, Bo Two (@bo)", after=f"{ada}, Bo Three (@bo)"),
        FieldChange(directory="2.1/stretch", name="Architectures", before="amd64, arm64v8", after="amd64, i386"),
    )
    assert difference_lines(found)[1] == "~ 2.1/stretch, Architectures: amd64, arm64v8 -> amd64, i386"


def test_what_changes_everywhere_is_said_once() -> None:
    found = difference(PLAINLY, parse_library(PLAIN.replace("images.git\n", "images.git\nBuilder: buildkit\n")))
    assert found.changed == (FieldChange(directory="", name="Builder", before="", after="buildkit"),)
    assert difference_lines(found) == ["~ all, Builder: (none) -> buildkit"]
    per_entry = PLAIN.replace(f"{COMMIT}\n", f"{COMMIT}\nBuilder: buildkit\n")
    assert difference(PLAINLY, parse_library(per_entry)).changed == (
        FieldChange(directory="2.1/stretch", name="Builder", before="", after="buildkit"),
    )


def test_what_one_architecture_has_of_its_own_counts() -> None:
    found = difference(
        parse_library(FULL), parse_library(FULL.replace("arm64v8-Directory: aarch64", "arm64v8-Directory: b"))
    )
    assert found.changed == (FieldChange(directory="x86_64, b", name="arm64v8-Directory", before="aarch64", after="b"),)
    assert {one.tag: one.after for one in found.moved} == {"2.1-root": "x86_64, b"}


def test_as_documents() -> None:
    text = PLAIN.replace("2.1-stretch, stretch", "2.2-stretch").replace("Tags: 2.1-slim", "Tags: 2.1-slim, stretch")
    document = describe_difference(difference(PLAINLY, parse_library(text.replace(OTHER, COMMIT))), "library/x")
    assert document == {
        "file": "library/x",
        "same": False,
        "added": [{"tag": "2.2-stretch", "to": "2.1/stretch"}],
        "removed": [{"tag": "2.1-stretch", "from": "2.1/stretch"}],
        "moved": [{"tag": "stretch", "from": "2.1/stretch", "to": "2.1/stretch/slim"}],
        "changed": [{"directory": "2.1/stretch/slim", "field": "GitCommit", "from": OTHER, "to": COMMIT}],
    }
    assert describe_library(PLAINLY)["entries"][0] == {
        "tags": ["2.1-stretch", "stretch"],
        "shared_tags": ["2.1", "latest"],
        "architectures": ["amd64", "arm64v8"],
        "git_commit": COMMIT,
        "directory": "2.1/stretch",
    }
    windows = describe_library(parse_library(FULL))["entries"][1]
    assert {key: windows[key] for key in ("git_repo", "git_fetch", "file", "builder", "constraints", "special")} == {
        "git_repo": "https://example.org/windows.git",
        "git_fetch": "refs/tags/v2.1",
        "file": "Dockerfile.1803",
        "builder": "classic",
        "constraints": ["core-1803"],
        "special": {"arm64v8-GitFetch": "refs/heads/dist-arm64v8"},
    }
