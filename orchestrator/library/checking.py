"""What has to be true of a library file as a whole: nothing is missing, and each tag means one thing."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.library.model import Entry, Key, Library
from orchestrator.library.paragraphs import Fault


def check(library: Library) -> None:
    """Raise `Fault` for the first entry that lacks something, and for the first tag that two entries claim in ways that exclude each other.

    Source: https://github.com/docker-library/bashbrew/blob/master/manifest/rfc2822.go; that a shared tag may not lead to two images for the same
    machine is ours: bashbrew would let the last one win.
    """
    if not library.shared.maintainers:
        raise Fault(
            library.shared.line,
            "the first paragraph has no Maintainers",
            'add "Maintainers: Full Name <mail> (@handle)" to it',
        )
    if not library.entries:
        raise Fault(library.shared.line, "there are no entries in this file", "add a paragraph with Tags")
    for entry in library.entries:
        _check_whole(entry)
    _check_tags(library.entries)
    _check_shared_tags(library.entries)


def _check_whole(entry: Entry) -> None:
    if not entry.tags:
        raise Fault(entry.line, "this entry has no Tags", "add them; blank lines separate entries")
    of = f"the entry of {entry.tags[0]}"
    if not entry.git_repo:
        raise Fault(entry.line, f"{of} has no GitRepo", "add it here, or to the first paragraph for all")
    if not entry.git_commit:
        raise Fault(entry.line, f"{of} has no GitCommit", "add the commit to build from")
    if not entry.directory:
        # Several repositories have a directory per architecture, and none for all.
        for architecture in entry.architectures:
            if not entry.own(Key.DIRECTORY, architecture):
                raise Fault(
                    entry.line,
                    f"{of} has no Directory for {architecture}",
                    'add it ("Directory: ." for the top of the repository)',
                )


def _check_tags(entries: Iterable[Entry]) -> None:
    owners: dict[str, Entry] = {}
    for entry in entries:
        for tag in entry.tags:
            if tag in owners:
                raise Fault(
                    entry.line,
                    f'the tag "{tag}" belongs to two entries, those of line {owners[tag].line} and line {entry.line}',
                    "keep one of the two; SharedTags may have several",
                )
            owners[tag] = entry
    for entry in entries:
        for tag in entry.shared_tags:
            if tag in owners:
                raise Fault(
                    entry.line,
                    f'the tag "{tag}" stands in SharedTags in line {entry.line} and in Tags in line {owners[tag].line}',
                    "a tag is one or the other: remove it from one of the two",
                )


def _check_shared_tags(entries: Iterable[Entry]) -> None:
    """Images for the same architecture may only share a tag where they are told apart by more: releases of Windows, by Constraints."""
    owners: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        for tag in entry.shared_tags:
            for architecture in entry.architectures:
                others = owners.setdefault((tag, architecture), [])
                other = next((one for one in others if not _told_apart(one, entry)), None)
                if other is not None:
                    raise Fault(
                        entry.line,
                        f'the shared tag "{tag}" leads to two images for {architecture}, those of line {other.line} and line {entry.line}',
                        "remove it from one of the two, or the architecture",
                    )
                others.append(entry)


def _told_apart(one: Entry, other: Entry) -> bool:
    return bool(one.constraints and other.constraints) and set(one.constraints) != set(other.constraints)
