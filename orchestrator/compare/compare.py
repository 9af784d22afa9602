"""Two sides joined by the names of their facts. Nothing is read or written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.compare.dockerfiles import line_changes
from orchestrator.compare.facts import Thing, things_of
from orchestrator.compare.model import ORDER, TAGS, CellChange, Change, Comparison, Fate, Scope, Spot, Topic
from orchestrator.compare.side import Portrait, Side, side_of
from orchestrator.matrix.model import Cell, Flavor, Image, Matrix


def compare_matrices(
    before: Matrix | None, after: Matrix, *, before_label: str = "before", after_label: str = "after"
) -> Comparison:
    """Compare two matrices by today's rules and templates. Raises `InvalidFileError` where one does not fit them."""
    return compare(side_of(before, before_label), side_of(after, after_label))


def compare(before: Side, after: Side, *, notes: Sequence[str] = (), text_changed: bool = False) -> Comparison:
    """Compare two sides. Taking the sides the other way round gives the mirrored comparison."""
    images = _images(before, after)
    order = {image.id: index for index, image in enumerate(images)}
    single = [*_things(things_of(before), things_of(after))]
    single += _dockerfiles(before, after, single)
    there_before, there_after = _portraits(before), _portraits(after)
    lines_before, lines_after = _lines(before), _lines(after)
    return Comparison(
        before=before.label,
        after=after.label,
        changes=_grouped(single, order),
        cells=tuple(_cells(before, after, order)),
        images=tuple(
            Spot.of(image, before=image.id in there_before, after=image.id in there_after) for image in images
        ),
        lines=tuple(sorted((name for name in lines_before if name in lines_after), key=_natural, reverse=True)),
        notes=tuple(notes),
        text_changed=text_changed,
    )


def _things(before: Sequence[Thing], after: Sequence[Thing]) -> Iterator[Change]:
    old = {(thing.topic, thing.name): thing for thing in before}
    new = {(thing.topic, thing.name): thing for thing in after}
    for key in old.keys() | new.keys():
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None:
            yield from _facts(was, now)
        else:
            topic, name = key
            yield Change(
                topic=topic,
                subject=name,
                before=None if was is None else was.said,
                after=None if now is None else now.said,
            )


def _facts(was: Thing, now: Thing) -> Iterator[Change]:
    old = {(fact.topic, fact.subject): fact.value for fact in was.facts}
    new = {(fact.topic, fact.subject): fact.value for fact in now.facts}
    for topic, subject in old.keys() | new.keys():
        before, after = old.get((topic, subject)), new.get((topic, subject))
        if before != after:
            yield Change(topic=topic, subject=subject, before=before, after=after, where=_place(topic, was))
    for topic in was.orders.keys() & now.orders.keys():
        both = set(was.orders[topic]) & set(now.orders[topic])
        old_order, new_order = ([one for one in side.orders[topic] if one in both] for side in (was, now))
        if old_order != new_order:
            yield Change(
                topic=topic,
                subject="order of images" if topic is Topic.SETTING else ORDER,
                before=" ".join(old_order),
                after=" ".join(new_order),
                where=_place(topic, was),
            )


def _place(topic: Topic, thing: Thing) -> tuple[str, ...]:
    return () if topic.scope is Scope.MATRIX else (thing.name,)


def _dockerfiles(before: Side, after: Side, found: Iterable[Change]) -> Iterator[Change]:
    """Give the changed lines of each Dockerfile that no other change accounts for: those of a template, most of all."""
    told: dict[tuple[Scope, str], list[Change]] = {}
    for change in found:
        for name in change.where:
            told.setdefault((change.topic.scope, name), []).append(change)
    new = _portraits(after)
    for was in before.portraits:
        now = new.get(was.image.id)
        if now is None or now.dockerfile == was.dockerfile:
            continue
        image = was.image
        known = (
            *told.get((Scope.IMAGE, image.id), ()),
            *told.get((Scope.LINE, image.line.name), ()),
            *told.get((Scope.SUITE, image.variant.suite.name), ()),
        )
        yield from line_changes(image.id, was.dockerfile, now.dockerfile, known)


def _grouped(single: Iterable[Change], order: Mapping[str, int]) -> tuple[Change, ...]:
    """Join what is equal in many places, and sort so that the other direction has the same order."""
    places: dict[tuple[Topic, str, str | None, str | None], list[str]] = {}
    for one in single:
        places.setdefault((one.topic, one.subject, one.before, one.after), []).extend(one.where)
    topics = {topic: index for index, topic in enumerate(Topic)}

    def rank(name: str) -> tuple[object, ...]:
        return (0, order[name]) if name in order else (1, tuple(-part for part in _natural(name)), name)

    def sorting(change: Change) -> tuple[object, ...]:
        values = sorted((change.before or "", change.after or ""))
        images: list[int] = []
        if change.topic is Topic.IMAGE:
            images = [order[change.subject]]
        elif change.topic in TAGS:
            images = sorted(order[value] for value in values if value in order)
        return topics[change.topic], images, change.subject, [rank(name) for name in change.where], values

    joined = [
        Change(topic=topic, subject=subject, before=was, after=now, where=tuple(sorted(where, key=rank)))
        for (topic, subject, was, now), where in places.items()
    ]
    return tuple(sorted(joined, key=sorting))


def _cells(before: Side, after: Side, order: Mapping[str, int]) -> Iterator[CellChange]:
    old, new = _cells_of(before), _cells_of(after)
    old_portraits, new_portraits = _portraits(before), _portraits(after)
    for name in sorted(old.keys() | new.keys(), key=lambda name: (order[(new.get(name) or old[name]).image.id], name)):
        was, now = old.get(name), new.get(name)
        cell = now or was
        if cell is None:
            continue
        if was is None or now is None:
            fate = Fate.NEW if was is None else Fate.GONE
        elif _ingredients(was, old_portraits[was.image.id]) != _ingredients(now, new_portraits[now.image.id]):
            fate = Fate.BUILT
        elif before.rules != after.rules:
            fate = Fate.PROVEN
        elif _tags(was.image) != _tags(now.image):
            fate = Fate.RETAGGED
        else:
            fate = Fate.KEPT
        yield CellChange(id=name, image=cell.image.id, architecture=cell.architecture.name, fate=fate)


def _ingredients(cell: Cell, portrait: Portrait) -> tuple[object, ...]:
    """What the data contributes to a cell's key (`plan/key.py`); bases and emulators are none of it."""
    line = cell.image.line
    pins = (line.pip, line.setuptools, line.wheel, *line.extras)
    return portrait.dockerfile, cell.architecture.platform, line.release, line.source.sha256, pins


def _tags(image: Image) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(image.tags), frozenset(image.shared_tags)


def _images(before: Side, after: Side) -> tuple[Image, ...]:
    """Give the images of either side in an order that does not depend on which side is which: nearly the published one."""
    defaults = {side.matrix.default_suite for side in (before, after) if side.matrix is not None}
    found = {image.id: image for side in (before, after) for image in _matrix_images(side)}

    def published(image: Image) -> tuple[object, ...]:
        suite = image.variant.suite
        newest = tuple(-number for number in suite.version)
        line = tuple(-number for number in image.line.version)
        return (
            line,
            suite.version != (),
            suite.name not in defaults,
            newest,
            suite.name,
            image.variant.flavor is Flavor.SLIM,
        )

    return tuple(sorted(found.values(), key=published))


def _matrix_images(side: Side) -> tuple[Image, ...]:
    return side.matrix.images if side.matrix is not None else ()


def _portraits(side: Side) -> Mapping[str, Portrait]:
    return {portrait.image.id: portrait for portrait in side.portraits}


def _cells_of(side: Side) -> Mapping[str, Cell]:
    return {cell.id: cell for cell in side.matrix.cells} if side.matrix is not None else {}


def _lines(side: Side) -> tuple[str, ...]:
    return tuple(line.name for line in side.matrix.lines) if side.matrix is not None else ()


def _natural(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())
