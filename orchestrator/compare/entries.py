"""A comparison in words: sections with entries, which text and Markdown then only lay out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.compare.model import ORDER, RECIPE, TAGS, Change, Comparison, Fate, Kind, Scope, Topic
from orchestrator.compare.naming import listed, spoken_images
from orchestrator.report.wording import count

#: What becomes of tags that vanish.
VANISHED = "a registry keeps a tag that vanishes as it is, and nothing renews it"


class Mark(StrEnum):
    """What an entry begins with."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"
    MOVED = ">"


_MARKS = {Kind.ADDED: Mark.ADDED, Kind.REMOVED: Mark.REMOVED, Kind.CHANGED: Mark.CHANGED}

_TITLES = {
    Topic.LINE: "Lines",
    Topic.SUITE: "Suites",
    Topic.IMAGE: "Images",
    Topic.CELL: "Cells",
    Topic.SETTING: "Settings",
    Topic.ARCHITECTURE: "Architectures",
    Topic.SUITE_STATE: "Suites",
    Topic.SUITE_ARCHITECTURE: "Architectures of suites",
    Topic.BASE: "Bases",
    Topic.RELEASE: "Releases",
    Topic.ALIAS: "Aliases",
    Topic.KEY: "Signing keys",
    Topic.SOURCE: "Sources",
    Topic.PIN: "Wheels",
    Topic.CHECKSUM: "Checksums",
    Topic.PACKAGE: "Packages",
    Topic.FURTHER_WHEEL: "Wheels",
    Topic.CONFIGURE: "Flags of configure",
    Topic.MAKE: "Flags of make",
    Topic.ENVIRONMENT: "ENV",
    Topic.COMMAND: "CMD",
    Topic.SYMLINK: "Symlinks",
    Topic.STEP: "Steps",
    Topic.MODULE: "Modules",
    Topic.DOCKERFILE: "Other lines of Dockerfiles",
    Topic.TAG: "Tags",
    Topic.SHARED_TAG: "Shared tags",
    Topic.HUB: "Hub",
}

#: Where several things with equal values are told as one entry.
_JOINED = frozenset(
    {
        Topic.IMAGE,
        Topic.CELL,
        Topic.SUITE_ARCHITECTURE,
        Topic.PACKAGE,
        Topic.FURTHER_WHEEL,
        Topic.CONFIGURE,
        Topic.MAKE,
        Topic.SYMLINK,
        Topic.STEP,
        Topic.MODULE,
        Topic.TAG,
        Topic.SHARED_TAG,
    }
)

#: Of which a line has one each: the line is name enough.
_PLAIN = frozenset({Topic.RELEASE, Topic.ALIAS, Topic.KEY})
#: So many digits of a checksum are shown to people.
_CHECKSUM = 12

_FATES = {
    Fate.NEW: "new",
    Fate.BUILT: "built again",
    Fate.PROVEN: "proven again, as the rules say what is proven",
    Fate.RETAGGED: "not built, only tagged anew",
    Fate.GONE: "gone",
    Fate.KEPT: "as they were",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Equal changes as one: `names` are what changed, `where` says in words where.

    `before` and `after` are values as in `Change`. Of tags, `names` are the tags, and the values the ids of their images.
    """

    topic: Topic
    mark: Mark
    names: tuple[str, ...]
    before: str | None
    after: str | None
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Entries of a kind under their title."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """How many cells share a fate; `fate` and `which` are words."""

    kind: Fate
    count: int
    fate: str
    which: str


def sections_of(comparison: Comparison) -> tuple[Section, ...]:
    """Put the changes into sections, in the order of their topics; none is empty. Tags that move come before those that come and go."""
    found: dict[str, list[Entry]] = {}
    topics = list(Topic)
    for entry in sorted(_entries(comparison), key=lambda one: (topics.index(one.topic), one.mark is not Mark.MOVED)):
        moved = " that move" if entry.mark is Mark.MOVED else ""
        found.setdefault(f"{_TITLES[entry.topic]}{moved}", []).append(entry)
    return tuple(Section(title=title, entries=tuple(entries)) for title, entries in found.items())


def costs_of(comparison: Comparison) -> tuple[Cost, ...]:
    """Say what becomes of how many cells; fates without cells are left out."""
    return tuple(
        Cost(kind=fate, count=len(cells), fate=said, which="" if fate is Fate.KEPT else _cells(comparison, fate))
        for fate, said in _FATES.items()
        if (cells := comparison.fated(fate))
    )


def summary_of(comparison: Comparison) -> str:
    """Say it in one line."""
    if comparison.empty:
        return "no change of meaning" + (" (the text changed all the same)" if comparison.text_changed else "")
    return "; ".join(_parts(comparison))


def _entries(comparison: Comparison) -> Iterator[Entry]:
    joined: dict[tuple[object, ...], list[Change]] = {}
    for change in comparison.changes:
        apart = "" if change.topic in _JOINED and change.subject != ORDER else change.subject
        joined.setdefault((change.topic, change.before, change.after, change.where, apart), []).append(change)
    for changes in joined.values():
        first = changes[0]
        moved = first.topic in TAGS and first.kind is Kind.CHANGED
        where = _where(first, comparison)
        named = first.topic in _PLAIN
        yield Entry(
            topic=first.topic,
            mark=Mark.MOVED if moved else _MARKS[first.kind],
            names=(where,) if named else tuple(change.subject for change in changes),
            before=_shown(first.topic, first.before),
            after=_shown(first.topic, first.after),
            where="" if named else where,
        )


def _shown(topic: Topic, value: str | None) -> str | None:
    return value[:_CHECKSUM] if topic is Topic.CHECKSUM and value else value


def _where(change: Change, comparison: Comparison) -> str:
    if change.topic.scope is Scope.IMAGE:
        return spoken_images(change.where, [spot for spot in comparison.images if spot.before and spot.after])
    if change.topic.scope is Scope.LINE and len(change.where) > 2 and set(change.where) == set(comparison.lines):
        return f"all {len(change.where)} lines"
    return listed(change.where)


def _cells(comparison: Comparison, fate: Fate) -> str:
    """Name the cells of a fate by their images; with architectures where it is not all of those that the image has."""
    there: dict[str, set[str]] = {}
    for cell in comparison.cells:
        there.setdefault(cell.image, set()).add(cell.architecture)
    found: dict[str, list[str]] = {}
    for cell in comparison.fated(fate):
        found.setdefault(cell.image, []).append(cell.architecture)
    groups: dict[tuple[str, ...], list[str]] = {}
    for image, architectures in found.items():
        whole = set(architectures) == there[image]
        groups.setdefault(() if whole else tuple(architectures), []).append(image)
    universe = [
        spot for spot in comparison.images if (spot.before if fate is Fate.GONE else spot.after) and spot.id in there
    ]
    return "; ".join(
        spoken_images(images, universe) + (f" on {listed(architectures)}" if architectures else "")
        for architectures, images in groups.items()
    )


def _parts(comparison: Comparison) -> Iterator[str]:
    changes = comparison.changes
    for topic, noun in ((Topic.LINE, "line"), (Topic.SUITE, "suite"), (Topic.IMAGE, "image")):
        yield from _counted(noun, (one.kind for one in changes if one.topic is topic))
    yield from _counted("cell", (one.kind for one in changes if one.topic is Topic.CELL for _ in one.where))
    releases = [one for one in changes if one.topic is Topic.RELEASE]
    if len(releases) <= 3:
        yield from (f"{'/'.join(one.where)} from {one.before} to {one.after}" for one in releases)
    else:
        yield f"{len(releases)} releases"
    wheels = [one for one in changes if one.topic is Topic.PIN]
    if wheels:
        yield f"another {listed(dict.fromkeys(one.subject for one in wheels))}"
    recipes = {image for one in changes if one.topic in RECIPE for image in one.where}
    if recipes:
        yield f"the recipe of {count(len(recipes), 'image')}"
    tags = [one for one in changes if one.topic in TAGS]
    said = {Kind.ADDED: "added", Kind.REMOVED: "vanish", Kind.CHANGED: "move"}
    counts = [(word, sum(one.kind is kind for one in tags)) for kind, word in said.items()]
    if tags:
        yield f"tags: {', '.join(f'{number} {word}' for word, number in counts if number)}"
    yield from _others(changes)
    yield _cost(comparison)


def _others(changes: Sequence[Change]) -> Iterator[str]:
    told = RECIPE | TAGS | {Topic.LINE, Topic.SUITE, Topic.IMAGE, Topic.CELL, Topic.RELEASE, Topic.PIN}
    others = dict.fromkeys(_TITLES[one.topic].lower() for one in changes if one.topic not in told)
    # A checksum changes with what it is of.
    others.pop("checksums", None)
    if others:
        yield f"changed: {', '.join(others)}"


def _counted(noun: str, found: Iterable[Kind]) -> Iterator[str]:
    kinds = [*found]
    for kind in (Kind.ADDED, Kind.REMOVED, Kind.CHANGED):
        if kind in kinds:
            yield f"{count(kinds.count(kind), noun)} {kind}"


def _cost(comparison: Comparison) -> str:
    total = sum(cell.fate is not Fate.GONE for cell in comparison.cells)
    work = len(comparison.fated(Fate.NEW)) + len(comparison.fated(Fate.BUILT))
    return f"{work} of {count(total, 'cell')} to build"
