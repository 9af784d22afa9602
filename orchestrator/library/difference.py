"""What differs between two library files: tags that come, go or move, and how what both have is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.library.model import Entry, Key, Library


@dataclass(frozen=True, kw_only=True, slots=True)
class TagChange:
    """Where a tag leads before and after: directories, with "(shared)" behind them for a shared tag; empty where there is no such tag."""

    tag: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """A field that has another value in the entry of a directory (empty: in all entries), among the entries that both files have."""

    directory: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """From one file to the other; all of it empty where they mean the same. Tags are in the order of the files."""

    added: tuple[TagChange, ...]
    removed: tuple[TagChange, ...]
    moved: tuple[TagChange, ...]
    changed: tuple[FieldChange, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.moved or self.changed)


def difference(before: Library, after: Library) -> Difference:
    """Compare two files. The order of entries and tags, comments and the layout do not count."""
    old, new = _places(before), _places(after)
    return Difference(
        added=tuple(TagChange(tag=tag, before="", after=new[tag]) for tag in new if tag not in old),
        removed=tuple(TagChange(tag=tag, before=old[tag], after="") for tag in old if tag not in new),
        moved=tuple(
            TagChange(tag=tag, before=old[tag], after=new[tag]) for tag in new if tag in old and old[tag] != new[tag]
        ),
        changed=(*_maintainers(before, after), *_together(tuple(_changes(before, after)), before, after)),
    )


def _places(library: Library) -> Mapping[str, str]:
    """Where each tag leads."""
    simple = {tag: entry.place for entry in library.entries for tag in entry.tags}
    shared: dict[str, list[str]] = {}
    for entry in library.entries:
        for tag in entry.shared_tags:
            shared.setdefault(tag, []).append(entry.place)
    return simple | {tag: f"{', '.join(sorted(directories))} (shared)" for tag, directories in shared.items()}


def _maintainers(before: Library, after: Library) -> Iterator[FieldChange]:
    # Who answers for the images is a set: the order says nothing.
    old, new = (", ".join(sorted(one.shared.maintainers)) for one in (before, after))
    if old != new:
        yield FieldChange(directory="", name=Key.MAINTAINERS, before=old, after=new)


def _together(changes: tuple[FieldChange, ...], before: Library, after: Library) -> Iterator[FieldChange]:
    """Say once what changes in the same way in all entries that both files have."""
    common = {_identity(one) for one in before.entries} & {_identity(one) for one in after.entries}
    alike = Counter((one.name, one.before, one.after) for one in changes)
    told = set[tuple[str, str, str]]()
    for one in changes:
        what = one.name, one.before, one.after
        if len(common) == 1 or alike[what] < len(common):
            yield one
        elif what not in told:
            told.add(what)
            yield replace(one, directory="")


def _changes(before: Library, after: Library) -> Iterator[FieldChange]:
    known = {_identity(entry): _built(entry) for entry in before.entries}
    for entry in after.entries:
        was, now = known.get(_identity(entry)), _built(entry)
        if was is None:
            continue
        for name in dict.fromkeys((*was, *now)):
            if was.get(name, "") != now.get(name, ""):
                yield FieldChange(directory=entry.place, name=name, before=was.get(name, ""), after=now.get(name, ""))


def _identity(entry: Entry) -> tuple[str, str, tuple[str, ...]]:
    return entry.directory, entry.file, tuple(sorted(entry.constraints))


def _built(entry: Entry) -> Mapping[str, str]:
    """What an entry is built from and for, by the fields' names."""
    return {
        Key.ARCHITECTURES: ", ".join(sorted(entry.architectures)),
        Key.GIT_REPO: entry.git_repo.removesuffix(".git"),
        Key.GIT_FETCH: entry.git_fetch,
        Key.GIT_COMMIT: entry.git_commit,
        Key.BUILDER: entry.builder,
    } | {one.name: one.value for one in entry.special}
