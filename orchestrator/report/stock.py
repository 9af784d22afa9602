"""What there is of each cell: how it stands, on which base, proven when, published under which tags; and what its registry says to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.ledger.dates import proof_dates
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.records import Attempt
from orchestrator.matrix.model import Cell, Image, Matrix
from orchestrator.publish.names import Names
from orchestrator.registry.reference import Reference

#: Stands for registries that have not been asked: they may have anything.
NOT_ASKED = "not asked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """A declared reference: the digest that it was last published with and when (ISO 8601, UTC; empty: never), and the one that it leads to now.

    `seen` is `NOT_ASKED` where that was not looked at, None where there is nothing.
    """

    reference: str
    digest: str = ""
    when: str = ""
    seen: str | None = NOT_ASKED

    @property
    def name(self) -> str:
        """The tag alone."""
        return self.reference.rpartition(":")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """A cell: its last attempt, the last one that was proven and when it was, and its own tags."""

    cell: Cell
    latest: Attempt | None
    proven: Attempt | None
    proven_at: str
    tags: tuple[Tag, ...]

    @property
    def base(self) -> str:
        """The digest of the base that the proven image was built from; that of the last attempt where none is proven; else empty."""
        one = self.proven or self.latest
        return one.ingredients.get("base", "") if one is not None else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageStock:
    """An image: its chosen cells, and the tags of its indexes."""

    image: Image
    cells: tuple[Stock, ...]
    tags: tuple[Tag, ...]

    @property
    def all_tags(self) -> tuple[Tag, ...]:
        """The tags of its cells, then those of its indexes."""
        return (*(tag for cell in self.cells for tag in cell.tags), *self.tags)


def take_stock(ledger: Ledger, matrix: Matrix, cells: Sequence[Cell], names: Names | None) -> tuple[ImageStock, ...]:
    """Gather from the ledger alone. Without `names`, publications to any registry count, the newest of each tag."""
    latest, proven = ledger.newest(), ledger.newest(proven=True)
    dates = proof_dates(ledger, proven)
    published = _published(ledger, names)
    nowhere = Names(registry="", namespace="", repository=matrix.name)

    def tag(reference: str) -> Tag:
        known = published.get(reference if names is not None else reference.removeprefix("/"))
        return known if known is not None else Tag(reference=reference.removeprefix("/"))

    def stock(cell: Cell) -> Stock:
        own = [*cell.image.tags, *cell.image.shared_tags]
        return Stock(
            cell=cell,
            latest=latest.get(cell.id),
            proven=proven.get(cell.id),
            proven_at=dates.get(cell.id, ""),
            tags=tuple(tag((names or nowhere).of_cell(cell, one)) for one in own),
        )

    found = []
    for image in dict.fromkeys(cell.image.id for cell in cells):
        some = [cell for cell in cells if cell.image.id == image]
        tags = (*some[0].image.tags, *some[0].image.shared_tags)
        indexes = () if names is None else tuple(tag(names.of_index(one)) for one in tags)
        found.append(ImageStock(image=some[0].image, cells=tuple(map(stock, some)), tags=indexes))
    return tuple(found)


def _published(ledger: Ledger, names: Names | None) -> dict[str, Tag]:
    """Map references to what was published last; without `names`, what follows the registry."""
    found = {
        reference: Tag(reference=reference, digest=digest, when=when)
        for reference, (digest, when) in ledger.newest_publications().items()
    }
    if names is None:
        newest = sorted(found.values(), key=lambda one: one.when)
        return {one.reference[-len(_path(one.reference)) :]: one for one in newest}
    # What led there before already was not written down as published anew.
    place = str(Reference.parse(names.of_index("x"))).removesuffix(":x")
    for one in Journal(ledger).current(place).values():
        for target in one.targets:
            if found.get(target.reference, Tag(reference="")).digest != target.digest:
                found[target.reference] = Tag(reference=target.reference, digest=target.digest, when=one.began)
    return found


def _path(reference: str) -> str:
    """`arm64v8/python:3.7` of a whole reference."""
    return "/".join(reference.split("/")[-2:])


def with_heads(stock: Iterable[ImageStock], heads: Mapping[str, str | None]) -> tuple[ImageStock, ...]:
    """Say of every tag where it leads now."""

    def asked(tags: Sequence[Tag]) -> tuple[Tag, ...]:
        return tuple(replace(one, seen=heads[one.reference]) for one in tags)

    return tuple(
        replace(one, tags=asked(one.tags), cells=tuple(replace(cell, tags=asked(cell.tags)) for cell in one.cells))
        for one in stock
    )


def describe_stock(stock: Iterable[ImageStock], *, now: datetime | None = None) -> list[dict[str, Any]]:
    """Give the public JSON form: a list of cells."""
    present = datetime.now(UTC) if now is None else now
    return [_described(cell, image, present) for image in stock for cell in image.cells]


def _described(one: Stock, image: ImageStock, now: datetime) -> dict[str, Any]:
    latest, proven = one.latest, one.proven
    return {
        "id": one.cell.id,
        "state": str(latest.state) if latest else "never built",
        "since": latest.started if latest else None,
        "digest": latest.digest if latest else "",
        "size": latest.size if latest else 0,
        "failure": latest.failure_class if latest else "",
        "proven": {"since": proven.started, "digest": proven.digest, "at": one.proven_at} if proven else None,
        "base": one.base,
        "age_seconds": round(age(proven.started, now)) if proven else None,
        "published": [_tag(tag) for tag in one.tags if tag.when or tag.seen != NOT_ASKED],
        "indexes": [_tag(tag) for tag in image.tags if tag.when or tag.seen != NOT_ASKED],
    }


def _tag(one: Tag) -> dict[str, Any]:
    told: dict[str, Any] = {"reference": one.reference, "digest": one.digest, "when": one.when or None}
    return told if one.seen == NOT_ASKED else told | {"seen": one.seen}


def age(since: str, now: datetime) -> float:
    """Seconds since a time in ISO 8601; never below 0, whatever clocks say."""
    return max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
