"""Which cells a proof applies to: predicates on the cell itself, each saying in its docstring's first line what it picks."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.matrix.model import Cell, Family, Flavor

Predicate = Callable[[Cell], bool]


def everywhere(_: Cell) -> bool:
    """Every cell."""
    return True


def python3(cell: Cell) -> bool:
    """Python 3."""
    return cell.image.line.version >= (3, 0)


def python2(cell: Cell) -> bool:
    """Python 2."""
    return cell.image.line.version < (3, 0)


def debian(cell: Cell) -> bool:
    """Debian."""
    return cell.image.variant.suite.family is Family.DEBIAN


def alpine(cell: Cell) -> bool:
    """Alpine."""
    return cell.image.variant.suite.family is Family.ALPINE


def full(cell: Cell) -> bool:
    """The full variant, which keeps a compiler."""
    return cell.image.variant.flavor is Flavor.FULL


def lean(cell: Cell) -> bool:
    """Slim and Alpine, which keep no compiler."""
    return not full(cell)


def describe(predicate: Predicate) -> str:
    """Say what a predicate picks."""
    return (predicate.__doc__ or predicate.__name__).splitlines()[0].rstrip(".")
