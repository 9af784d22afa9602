"""Where a base comes from: a registry, else the mirror, as the policy says; decided before anything is made."""

from __future__ import annotations

from typing import cast

import pytest

from orchestrator.bases.model import Base, How, Wanted
from orchestrator.bases.provider import Bases
from orchestrator.bases.registry import NotInRegistryError
from orchestrator.bases.resolve import BaseResolver
from orchestrator.config.settings import BasePolicy
from orchestrator.errors import ExitCode, UnreachableError
from orchestrator.matrix.model import Cell, Matrix


class FakeProgress:
    """Remembers what was noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str, /) -> None:
        self.notes.append(message)

    def warn(self, message: str, /) -> None:
        raise AssertionError(message)

    def advance(self, task: str, done: int, total: int | None, /) -> None:
        raise AssertionError((task, done, total))


class FakeBases:
    """Makes bases at once."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def ensure(self, wanted: Wanted) -> Base:
        self.made.append(str(wanted))
        return base(wanted, How.BOOTSTRAPPED)


def base(wanted: Wanted, how: How) -> Base:
    return Base(
        reference=wanted.reference, architecture=wanted.architecture.name, layout=None, digest=f"sha256:{how}",
        built="", how=how, size=1, seconds=0.0,
    )  # fmt: skip


class World:
    """A resolver with everything around it faked."""

    def __init__(self, policy: BasePolicy, *, online: bool) -> None:
        self.asked: list[str] = []
        self.online = online
        self.progress = FakeProgress()
        self.bases = FakeBases()
        self.resolver = BaseResolver(
            policy=policy, look_up=self._look_up, bases=cast("Bases", self.bases), progress=self.progress
        )

    def _look_up(self, wanted: Wanted) -> Base:
        self.asked.append(str(wanted))
        if not self.online:
            raise NotInRegistryError("dial tcp: lookup example.org: no such host")
        return base(wanted, How.REGISTRY)


@pytest.fixture
def cell(debian_matrix: Matrix) -> Cell:
    return debian_matrix.cells[0]


@pytest.mark.parametrize("policy", [BasePolicy.AUTO, BasePolicy.REGISTRY])
def test_a_registry_that_answers_is_used_and_asked_once(policy: BasePolicy, cell: Cell) -> None:
    world = World(policy, online=True)
    world.resolver.check([cell, cell])
    assert [world.resolver.resolve(cell).how for _ in range(3)] == [How.REGISTRY] * 3
    assert len(world.asked) == 1
    assert world.bases.made == []


def test_without_a_registry_bases_are_bootstrapped_once_each_and_one_line_says_so(debian_matrix: Matrix) -> None:
    world = World(BasePolicy.AUTO, online=False)
    world.resolver.check(debian_matrix.cells)
    assert world.bases.made == []
    for cell in (*debian_matrix.cells, *debian_matrix.cells):
        assert world.resolver.resolve(cell).how is How.BOOTSTRAPPED
    assert len(world.bases.made) == len(set(world.bases.made)) == 4
    assert len(world.progress.notes) == 1
    assert "no such host" in world.progress.notes[0]


def test_told_to_bootstrap_no_registry_is_asked(cell: Cell) -> None:
    world = World(BasePolicy.BOOTSTRAP, online=True)
    world.resolver.check([cell])
    assert world.resolver.resolve(cell).how is How.BOOTSTRAPPED
    assert world.asked == []


def test_told_to_use_a_registry_nothing_is_bootstrapped(cell: Cell) -> None:
    world = World(BasePolicy.REGISTRY, online=False)
    with pytest.raises(UnreachableError, match="no such host") as raised:
        world.resolver.check([cell])
    assert "bases: auto" in raised.value.mend
    assert world.bases.made == []


@pytest.mark.parametrize("policy", [BasePolicy.AUTO, BasePolicy.REGISTRY])
@pytest.mark.parametrize("word", ["3.7-slim-stretch-amd64", "3.7-alpine3.8-amd64"])
def test_a_base_that_nothing_gives_is_one_message_before_any_work(
    matrix: Matrix, policy: BasePolicy, word: str
) -> None:
    world = World(policy, online=False)
    cell = next(cell for cell in matrix.cells if cell.id == word)
    with pytest.raises(UnreachableError) as raised:
        world.resolver.check([cell])
    assert raised.value.code is ExitCode.UNREACHABLE
    assert cell.image.variant.base in raised.value.message
    assert "no such host" in raised.value.message
    assert "make build MATRIX=examples/debian/versions.json" in raised.value.mend


def test_every_cell_of_the_matrix_has_a_base_where_a_registry_answers(matrix: Matrix) -> None:
    world = World(BasePolicy.AUTO, online=True)
    world.resolver.check(matrix.cells)
    for cell in matrix.cells:
        assert world.resolver.resolve(cell).reference == cell.image.variant.base


@pytest.mark.parametrize("word", ["3.7-alpine3.8", "3.7-slim-stretch", "2.7-slim-bullseye"])
def test_the_base_for_tools_comes_from_where_the_cells_does(debian_matrix: Matrix, matrix: Matrix, word: str) -> None:
    """`check` is told of the cells that are built; the building machine's base is wanted for what helps them."""
    arm, amd = (
        next(one for part in (matrix, debian_matrix) for one in part.cells if one.id == f"{word}-{name}")
        for name in ("arm64v8", "amd64")
    )
    world = World(BasePolicy.AUTO, online=True)
    world.resolver.check([arm])
    assert [world.resolver.resolve(amd).how for _ in range(2)] == [How.REGISTRY] * 2
    assert len(world.asked) == 2
    assert world.bases.made == []


def test_a_base_for_tools_that_no_registry_gives_is_told_as_that(matrix: Matrix) -> None:
    arm, amd = (next(one for one in matrix.cells if one.id == f"3.7-alpine3.8-{name}") for name in ("arm64v8", "amd64"))
    world = World(BasePolicy.AUTO, online=True)
    world.resolver.check([arm])
    world.online = False
    for _ in range(2):
        with pytest.raises(UnreachableError, match="no such host"):
            world.resolver.resolve(amd)
    assert len(world.asked) == 2
    assert world.resolver.missing(amd) is not None


def test_without_a_registry_the_base_for_tools_is_bootstrapped_unasked(debian_matrix: Matrix) -> None:
    world = World(BasePolicy.AUTO, online=False)
    world.resolver.check([debian_matrix.cells[0]])
    assert world.resolver.resolve(debian_matrix.cells[1]).how is How.BOOTSTRAPPED
    assert len(world.asked) == 1
