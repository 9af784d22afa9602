"""A library file is read as bashbrew reads it, and refused with line and mend where it would be refused or misread."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InvalidFileError
from orchestrator.library.model import ARCHITECTURES, SPECIAL, Builder, Entry, Key, Library, Special
from orchestrator.library.paragraphs import Fault
from orchestrator.library.parsing import parse_library, read_library
from orchestrator.library.writing import library_text
from tests.unit.library.samples import COMMIT, FULL, HEAD, OTHER, PLAIN


@pytest.mark.parametrize("text", [PLAIN, FULL])
def test_text_to_model_to_text(text: str) -> None:
    assert library_text(parse_library(text)) == text


def test_what_is_said_for_all_stands_in_each_entry_unless_it_says_otherwise() -> None:
    linux, windows, _, root = parse_library(FULL).entries
    assert linux.maintainers == ("Ada One <ada@example.org> (@ada)", "Bo Two (@bo)")
    assert (linux.builder, windows.builder) == ("buildkit", "classic")
    assert (linux.git_fetch, windows.git_fetch) == ("refs/heads/dist", "refs/tags/v2.1")
    assert linux.architectures == root.architectures == ("amd64", "arm64v8")
    assert (linux.file, windows.file) == ("Dockerfile", "Dockerfile.1803")
    assert linux.own(Key.GIT_COMMIT, "arm64v8") == OTHER
    assert linux.own(Key.GIT_FETCH, "arm64v8") == root.own(Key.GIT_FETCH, "arm64v8") == "refs/heads/dist-arm64v8"
    assert linux.own(Key.GIT_COMMIT, "amd64") == ""
    assert root.maintainers == ("Cy Three (@cy)",)


def test_what_nobody_says_is_as_bashbrew_has_it() -> None:
    (entry,) = parse_library(f"{HEAD}\nTags: 1\nGitCommit: {COMMIT}\nDirectory: .\n").entries
    assert (entry.architectures, entry.git_fetch, entry.file, entry.builder) == (
        ("amd64",),
        "refs/heads/master",
        "Dockerfile",
        "",
    )


def test_comments_continuations_and_blank_lines() -> None:
    plain = parse_library(PLAIN)
    loose = PLAIN.replace("\n\n", "\n \n\n\t\n").replace(
        "Tags: 2.1-stretch, stretch", "Tags: 2.1-stretch,\n\t# no\n  stretch"
    )
    loose = loose.replace(
        "Directory: 2.1/stretch\n", "# a comment ends no paragraph\n \t# nor here\nDirectory:   ./2.1//stretch/\n"
    )
    assert parse_library(loose.replace("\n", "\r\n")) == plain
    assert parse_library("\n\n" + PLAIN.rstrip("\n")) == plain
    assert plain.comments == ("made by hand",)
    assert parse_library(PLAIN.replace("amd64, arm64v8", "arm64v8, amd64")) == plain, "architectures are a set"


ENTRY = f"\nTags: 1\nGitCommit: {COMMIT}\nDirectory: a\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "nothing in this file"),
        ("# only this\n", 1, "nothing in this file"),
        (HEAD, 1, "no entries"),
        (f"Tags: 1\n{HEAD}", 1, "cannot have Tags"),
        (f"GitRepo: https://example.org/x.git\n{ENTRY}", 1, "no Maintainers"),
        (f"Maintainers: A (@a)\n{ENTRY}", 3, "entry of 1 has no GitRepo"),
        (f"{HEAD}\nTags: 1\nDirectory: a\n", 5, "no GitCommit"),
        (f"{HEAD}\nTags: 1\nGitCommit: {COMMIT}\n", 5, "no Directory for amd64"),
        (
            f"{HEAD}\nTags: 1\nArchitectures: amd64, i386\nGitCommit: {COMMIT}\namd64-Directory: a\n",
            5,
            "no Directory for i386",
        ),
        (f"{HEAD}\nGitCommit: {COMMIT}\nDirectory: a\n", 5, "no Tags"),
        (f"{HEAD}\nDirectory: a\nDirectory: b\n", 6, "stands twice in a paragraph, first in line 5"),
        (f"{HEAD}{ENTRY}Directry: b\n", 8, 'no field "Directry"'),
        (f"{HEAD}{ENTRY}tags: b\n", 8, 'no field "tags"'),
        (f"{HEAD}{ENTRY}nowhere\n", 8, '"nowhere" is no field'),
        (f" goes on\n{HEAD}", 1, "goes on with nothing"),
        (f"{HEAD}{ENTRY}arm64-GitCommit: {COMMIT}\n", 8, '"arm64" in arm64-GitCommit'),
        (f"{HEAD}{ENTRY}arm64v8-Tags: 2\n", 8, 'no field "arm64v8-Tags"'),
        (f"{HEAD}{ENTRY}Architectures: amd64, arm64\n", 8, '"arm64" is not right for Architectures'),
        (f"{HEAD}{ENTRY}Architectures: amd64, amd64\n", 8, 'names "amd64" twice'),
        (f"{HEAD}{ENTRY}Builder: podman\n", 8, '"podman" is not right for Builder'),
        (f"{HEAD}{ENTRY}Builder:\n", 8, "Builder has no value"),
        (f"{HEAD}{ENTRY}File: a\n b\n", 9, "File takes one line"),
        (f"{HEAD}{ENTRY}SharedTags: 2,\n", 8, "an empty place"),
        (f"{HEAD}{ENTRY}SharedTags: -2\n", 8, '"-2" is not right for SharedTags'),
        (f"{HEAD}{ENTRY}GitFetch: master\n", 8, '"master" is not right for GitFetch'),
        (f"{HEAD}{ENTRY}Constraints: a b\n", 8, '"a b" is not right for Constraints'),
        (f"{HEAD}{ENTRY}GitRepo: /srv/git\n", 8, '"/srv/git" is not right for GitRepo'),
        (f"{HEAD}{ENTRY}amd64-Directory: ../b\n", 8, '"../b" is not right for amd64-Directory'),
        (f"{HEAD}{ENTRY}File: /etc/passwd\n", 8, '"/etc/passwd" is not right for File'),
        (f"{HEAD}{ENTRY.replace(COMMIT, COMMIT[:12])}", 6, '"0123456789ab" is not right for GitCommit'),
        (f"{HEAD}{ENTRY.replace(COMMIT, COMMIT.upper())}", 6, "is not right for GitCommit"),
        (f"{HEAD}{ENTRY.replace(COMMIT, 'master')}", 6, '"master" is not right for GitCommit'),
        (HEAD.replace("(@bo)", "") + ENTRY, 1, '"Bo Two" is not right for Maintainers'),
        (
            f"{HEAD}{ENTRY}{ENTRY.replace('Directory: a', 'Directory: b')}",
            9,
            '"1" belongs to two entries, those of line 5 and line 9',
        ),
        (
            f"{HEAD}{ENTRY}{ENTRY.replace('Tags: 1', 'Tags: 2')}SharedTags: 1\n",
            9,
            "in SharedTags in line 9 and in Tags in line 5",
        ),
        (f"{HEAD}{ENTRY}SharedTags: 1\n", 5, "in SharedTags in line 5 and in Tags in line 5"),
        (
            f"{HEAD}{ENTRY}SharedTags: 3\n{ENTRY.replace('Tags: 1', 'Tags: 2')}SharedTags: 3\nArchitectures: i386, amd64\n",
            10,
            '"3" leads to two images for amd64, those of line 5 and line 10',
        ),
        (
            f"{HEAD}{ENTRY}SharedTags: 3\nConstraints: core\n{ENTRY.replace('Tags: 1', 'Tags: 2')}SharedTags: 3\n",
            11,
            '"3" leads to two images for amd64',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(Fault) as found:
        parse_library(text)
    assert words in found.value.message
    assert found.value.line == line
    assert found.value.mend


def test_shared_tags_may_join_architectures_and_releases_of_windows() -> None:
    other = ENTRY.replace("Tags: 1", "Tags: 2")
    assert len(parse_library(f"{HEAD}{ENTRY}SharedTags: 3\n{other}SharedTags: 3\nArchitectures: i386\n").entries) == 2
    both = f"{HEAD}{ENTRY}SharedTags: 3\nConstraints: a\n{other}SharedTags: 3\nConstraints: b\n"
    assert len(parse_library(both).entries) == 2


def test_a_file_is_named_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_text(f"{HEAD}{ENTRY}Directry: b\n", encoding="utf-8")
    with pytest.raises(InvalidFileError, match="python:8: there is no field") as found:
        read_library(file)
    assert found.value.mend == 'did you mean "Directory"?'
    file.write_text(PLAIN, encoding="utf-8")
    assert read_library(file) == parse_library(PLAIN)


words = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True)


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """Any file that means something: tags are told apart by their entry's number."""
    seed = draw(st.randoms(use_true_random=False))

    def special() -> tuple[Special, ...]:
        keys = seed.sample([(one, key) for one in ARCHITECTURES for key in SPECIAL], seed.randint(0, 3))
        values = {
            Key.GIT_REPO: "https://example.org/own.git",
            Key.GIT_FETCH: "refs/heads/own",
            Key.GIT_COMMIT: OTHER,
            Key.DIRECTORY: draw(words),
            Key.FILE: "Dockerfile.own",
            Key.BUILDER: Builder.OCI_IMPORT,
        }
        return tuple(Special(architecture=one, key=key, value=values[key]) for one, key in sorted(keys))

    shared = Entry(
        maintainers=("Ada One (@ada)",),
        architectures=tuple(sorted(seed.sample(ARCHITECTURES, 2))),
        git_repo="https://example.org/images.git",
        git_fetch=seed.choice(("refs/heads/master", "refs/heads/main")),
        builder=seed.choice(("", *Builder)),
        special=special(),
    )
    entries = tuple(
        replace(
            shared,
            tags=tuple(f"{number}-{word}" for word in draw(st.lists(words, min_size=1, max_size=3, unique=True))),
            shared_tags=tuple(f"{number}s-{word}" for word in draw(st.lists(words, max_size=2, unique=True))),
            architectures=tuple(sorted(seed.sample(ARCHITECTURES, seed.randint(1, 3)))),
            git_commit=seed.choice((COMMIT, COMMIT + OTHER[:24])),
            directory=seed.choice((".", "a/b")),
            file=seed.choice(("Dockerfile", "other")),
            constraints=tuple(draw(st.lists(words, max_size=2, unique=True))),
            builder=seed.choice(tuple(Builder)),
            special=_over(shared.special, special()),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    return Library(comments=("made",), shared=shared, entries=entries)


def _over(base: tuple[Special, ...], more: tuple[Special, ...]) -> tuple[Special, ...]:
    """What one entry adds to what is said for all, which it cannot take back."""
    found = {one.name: one for one in (*base, *more)}
    return tuple(sorted(found.values(), key=lambda one: (one.architecture, one.key)))


@given(libraries())
def test_model_to_text_to_model(library: Library) -> None:
    assert parse_library(library_text(library)) == library


def test_hostile_text_is_refused_and_not_fallen_over() -> None:
    chance = random.Random(6)
    lines = []
    for _ in range(400):
        broken = list(FULL)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.choice(":\n ,#\t\x00é-/")
        with contextlib.suppress(Fault):
            parse_library("".join(broken))
            continue
        with pytest.raises(Fault) as found:
            parse_library("".join(broken))
        lines.append((found.value.line, "".join(broken).count("\n") + 1))
    assert len(lines) > 200
    assert all(1 <= line <= last for line, last in lines)
