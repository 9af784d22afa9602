"""A library file's text, read into its model: every field has to be known and of the right form."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from orchestrator.commits import is_commit
from orchestrator.library.checking import check
from orchestrator.library.model import ARCHITECTURES, MAINTAINER, SPECIAL, Builder, Entry, Key, Library, Special
from orchestrator.library.paragraphs import Fault, Field, Paragraph, leading_comments, read_paragraphs
from orchestrator.system.files import read_text
from orchestrator.system.strict import did_you_mean

#: https://github.com/distribution/reference/blob/main/regexp.go
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_FETCH = re.compile(r"refs/(?:heads|tags)/[^*?:\s]+")
_REPOSITORY = re.compile(r"(?:https?|git|ssh)://[^\s,]+")
_CONSTRAINT = re.compile(r"!?[\w.-]+", re.ASCII)
_KEYS = frozenset(Key)
_SPECIAL = re.compile(rf"(.+)-({'|'.join(SPECIAL)})")


def read_library(path: Path) -> Library:
    """Read and check a library file. Raises `InvalidFileError` with file, line and mend."""
    text = read_text(path, what="library file")
    try:
        return parse_library(text)
    except Fault as fault:
        raise fault.at(path) from None


def parse_library(text: str) -> Library:
    """Read the text of a library file. Raises `Fault` for the first thing that bashbrew would refuse, or would take for something else."""
    first, *rest = read_paragraphs(text) or (None,)
    if first is None:
        raise Fault(1, "there is nothing in this file", "begin with Maintainers and GitRepo")
    if (tags := next((one for one in first.fields if one.name == Key.TAGS), None)) is not None:
        raise Fault(
            tags.line,
            "the first paragraph is for all entries and cannot have Tags",
            "begin with a paragraph of Maintainers and GitRepo",
        )
    shared = _entry(first, Entry())
    library = Library(
        comments=leading_comments(text), shared=shared, entries=tuple(_entry(one, shared) for one in rest)
    )
    check(library)
    return library


def _entry(paragraph: Paragraph, base: Entry) -> Entry:
    """Lay what a paragraph says over what is said for all."""
    fields = {one.name: one for one in paragraph.fields}
    special = {(one.architecture, one.key): one for one in base.special}
    for one in paragraph.fields:
        if one.name not in _KEYS:
            own = _special(one)
            special[own.architecture, own.key] = own

    def many(key: Key, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(fields[key], key, word) for word in fields[key].words) if key in fields else otherwise

    def single(key: Key, otherwise: str) -> str:
        return _checked(fields[key], key, fields[key].value) if key in fields else otherwise

    return replace(
        base,
        maintainers=many(Key.MAINTAINERS, base.maintainers),
        tags=many(Key.TAGS, base.tags),
        shared_tags=many(Key.SHARED_TAGS, base.shared_tags),
        architectures=tuple(sorted(many(Key.ARCHITECTURES, base.architectures))),
        git_repo=single(Key.GIT_REPO, base.git_repo),
        git_fetch=single(Key.GIT_FETCH, base.git_fetch),
        git_commit=single(Key.GIT_COMMIT, base.git_commit),
        directory=single(Key.DIRECTORY, base.directory),
        file=single(Key.FILE, base.file),
        special=tuple(special[place] for place in sorted(special)),
        constraints=many(Key.CONSTRAINTS, base.constraints),
        builder=single(Key.BUILDER, base.builder),
        line=paragraph.line,
    )


def _special(field: Field) -> Special:
    """Read `arm64v8-GitCommit: ...`. Raises `Fault` for a field that is not known at all."""
    found = _SPECIAL.fullmatch(field.name)
    if found is None:
        raise Fault(field.line, f'there is no field "{field.name}"', did_you_mean(field.name, list(Key)))
    if found[1] not in ARCHITECTURES:
        raise Fault(
            field.line, f'"{found[1]}" in {field.name} is no architecture', did_you_mean(found[1], ARCHITECTURES)
        )
    key = Key(found[2])
    return Special(architecture=found[1], key=key, value=_checked(field, key, field.value))


def _checked(field: Field, key: Key, word: str) -> str:
    """Give a value in its one spelling. Raises `Fault` where it has not the form that its field takes."""
    fits, mend = _FORMS[key]
    if not fits(word):
        hint = did_you_mean(word, ARCHITECTURES) if key is Key.ARCHITECTURES else mend
        raise Fault(field.line, f'"{word[:80]}" is not right for {field.name}', hint)
    return posixpath.normpath(word) if key is Key.DIRECTORY else word


def _inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and not re.search(r"\s", path)


_TAG_FORM = "tags have letters, digits, and _ . - but not at their beginning"
_PATH_FORM = "name a path inside the repository, without .. and blanks"

#: Whether a value fits its field, and what to write where it does not.
_FORMS: dict[Key, tuple[Callable[[str], object], str]] = {
    Key.MAINTAINERS: (MAINTAINER.fullmatch, "write: Full Name <mail or address> (@handle); or: Full Name (@handle)"),
    Key.TAGS: (_TAG.fullmatch, _TAG_FORM),
    Key.SHARED_TAGS: (_TAG.fullmatch, _TAG_FORM),
    Key.ARCHITECTURES: (ARCHITECTURES.__contains__, ""),
    Key.GIT_REPO: (_REPOSITORY.fullmatch, "write the address that git clones: https://example.org/python.git"),
    Key.GIT_FETCH: (_FETCH.fullmatch, "write refs/heads/BRANCH or refs/tags/TAG"),
    Key.GIT_COMMIT: (is_commit, "write the whole commit id in lower-case hex, no branch and no tag"),
    Key.DIRECTORY: (_inside, _PATH_FORM),
    Key.FILE: (_inside, _PATH_FORM),
    Key.CONSTRAINTS: (_CONSTRAINT.fullmatch, "write words of letters, digits and _ . -, with ! before what is barred"),
    Key.BUILDER: (list(Builder).__contains__, f"use one of: {', '.join(Builder)}"),
}
