"""Many images named in few words: "all 4 slim images" where that is what they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from orchestrator.compare.model import Spot
from orchestrator.matrix.model import Family, Flavor

#: So many images are named one by one.
_NAMED = 2
#: So many exceptions are named.
_EXCEPTIONS = 2

_FLAVORS = {Flavor.FULL: "full", Flavor.SLIM: "slim", Flavor.ALPINE: "Alpine"}


def spoken_images(ids: Collection[str], universe: Sequence[Spot]) -> str:
    """Name images (by their ids) out of those that could be meant, in the order of `universe`.

    A few are named by their ids, many by what they have in common, else as all of a kind but some, else line by line.
    """
    chosen = [spot for spot in universe if spot.id in ids]
    if len(chosen) <= _NAMED:
        return listed(spot.id for spot in chosen)
    wanted = frozenset(spot.id for spot in chosen)
    kinds = [*_kinds(universe, chosen)]
    for said, members in kinds:
        if members == wanted:
            return f"all {len(members)} {said}"
    for said, members in kinds:
        lacking = [spot.id for spot in universe if spot.id in members - wanted]
        if wanted < members and len(lacking) <= _EXCEPTIONS < len(wanted):
            return f"all {len(members)} {said} but {listed(lacking)}"
    return "; ".join(_by_line(chosen))


def listed(words: Iterable[str]) -> str:
    """Write `a`, `a and b`, `a, b and c`."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _kinds(universe: Sequence[Spot], chosen: Sequence[Spot]) -> Iterator[tuple[str, frozenset[str]]]:
    """Give kinds of images with their names and members, the widest first: of all lines, then of those of the chosen."""
    classes = [("images", frozenset(spot.id for spot in universe)), *_classes(universe)]
    yield from classes
    lines = dict.fromkeys(spot.line for spot in chosen)
    of_lines = frozenset(spot.id for spot in universe if spot.line in lines)
    for said, members in classes:
        yield f"{said} of {listed(lines)}", members & of_lines


def _classes(universe: Sequence[Spot]) -> Iterator[tuple[str, frozenset[str]]]:
    yield "Debian images", frozenset(spot.id for spot in universe if spot.family is Family.DEBIAN)
    for flavor, name in _FLAVORS.items():
        yield f"{name} images", frozenset(spot.id for spot in universe if spot.flavor is flavor)
    for suite in dict.fromkeys(spot.suite for spot in universe):
        on_it = [spot for spot in universe if spot.suite == suite]
        yield f"{suite} images", frozenset(spot.id for spot in on_it)
        for flavor in (Flavor.FULL, Flavor.SLIM):
            yield f"{_FLAVORS[flavor]} {suite} images", frozenset(spot.id for spot in on_it if spot.flavor is flavor)


def _by_line(chosen: Sequence[Spot]) -> Iterator[str]:
    for line in dict.fromkeys(spot.line for spot in chosen):
        variants = [spot.id.removeprefix(f"{line}-") for spot in chosen if spot.line == line]
        yield f"{line}-{variants[0]}" if len(variants) == 1 else f"{line} ({', '.join(variants)})"
