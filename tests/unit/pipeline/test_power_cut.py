"""The power goes between any two writes of the ledger: what is left on the disk opens, is whole, and the next run goes on from it."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import pytest

from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import State
from orchestrator.ledger.schema import MIGRATIONS
from orchestrator.matrix.model import Cell
from orchestrator.pipeline.cell import CellResult
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.run import run_cells
from orchestrator.publish.names import local_references
from orchestrator.system.process import Cancellation
from tests.unit.pipeline.fakes import FakeBoard, FakeIngredients, World

IMAGES = ("3.9-slim-bullseye", "2.7-slim-bullseye")


class PowerCutError(BaseException):
    """Nothing catches it, as nothing outlives a power cut."""


@dataclass
class Power:
    """Counts the moments at which it could go, and goes at one of them: then `rescue` sees the disk as it is, and no write comes after."""

    goes_at: int | None = None
    rescue: Callable[[], None] = lambda: None
    watch: Callable[[], None] = lambda: None
    moments: list[str] = field(default_factory=list)
    gone: bool = False

    def moment(self, what: str) -> None:
        if self.gone:
            raise PowerCutError
        self.moments.append(what)
        if len(self.moments) - 1 == self.goes_at:
            self.rescue()
            self.gone = True
            raise PowerCutError
        if what == "committed":
            self.watch()


class Wired(sqlite3.Connection):
    """A connection that needs power: before each statement that writes, before each commit, and after it."""

    power: ClassVar[Power] = Power()

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if not sql.lstrip().startswith(("SELECT", "PRAGMA")):
            self.power.moment(" ".join(sql.split()[:3]))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        self.power.moment(" ".join(sql.split()[:3]))
        return super().executemany(sql, parameters)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> Any:
        if kind is None and not self.power.gone:
            try:
                self.power.moment("commit")
            except PowerCutError:
                self.rollback()
                raise
        super().__exit__(kind, value, trace)
        if kind is None:
            self.power.moment("committed")
        return False


@pytest.fixture
def power(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Power]:
    """Give a run's power; the last one given is the one in force."""
    plain = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: plain(path, factory=Wired, **options))

    def give(**how: Any) -> Power:
        given = Power(**how)
        monkeypatch.setattr(Wired, "power", given)
        return given

    return give


def cells_of(world: World) -> tuple[Cell, ...]:
    return tuple(cell for image in IMAGES for cell in world.cells(image))


def build(world: World, path: Path, cells: tuple[Cell, ...]) -> tuple[CellResult, ...]:
    """What `orchestrator build` does, with the ledger in that file."""
    given: Any = FakeIngredients()
    with open_ledger(path) as ledger:
        world.shop = replace(world.shop, ledger=ledger, cancellation=Cancellation())
        present = dict(world.engine.images_by_name)
        prepared = Prepared(planned=world.plan(cells), farm=world.farm, bases=given, inputs=given, present=present)
        with ledger.run("build") as run:
            results = run_cells(world.shop, run.number, prepared, FakeBoard())
            run.code = run.code.DONE
    return results


def copy_of(path: Path, to: Path) -> Path:
    """The ledger's files as they lie on the disk, with the write-ahead log (its index is memory, and gone with the power)."""
    to.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}{suffix}", f"{to / path.name}{suffix}")
    return to / path.name


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def moments(world: World, power: Callable[..., Power], tmp_path: Path) -> int:
    """How many moments a whole run has, the making of its ledger included."""
    counted = power()
    build(world, tmp_path / "counting" / "ledger.sqlite", cells_of(world))
    assert len(world.builder.requests) == 4
    commits = Counter(counted.moments)["committed"]
    assert commits == 1 + 1 + 1 + 4 * 3 + 1, (
        "the ledger, a run, what was left open, each cell begun, built and proven, the run's end"
    )
    world.engine.images_by_name.clear()
    world.builder.requests.clear()
    return len(counted.moments)


def test_a_power_cut_between_any_two_writes_loses_nothing_that_was_whole(
    world: World, power: Callable[..., Power], moments: int, tmp_path: Path
) -> None:
    cells, seen = cells_of(world), Counter[str]()
    for number in range(moments):
        before, after = tmp_path / f"{number}" / "ledger.sqlite", tmp_path / f"{number}-after"
        world.engine.images_by_name.clear()
        world.builder.requests.clear()
        cut = power(goes_at=number, rescue=lambda before=before, after=after: copy_of(before, after))
        with pytest.raises(PowerCutError):
            build(world, before, cells)
        what = f"cut {number} of {moments}: {cut.moments[-1]}"
        seen[cut.moments[-1]] += 1
        whole = set(world.engine.images_by_name)
        made_before = len(world.builder.requests)

        power()
        after.mkdir(exist_ok=True)
        survivor = after / before.name
        results = build(world, survivor, cells)
        assert all(result.ok for result in results), what
        again = [one.reference for one in world.builder.requests[made_before:]]
        if survivor_knew := made_before and number > cut.moments.index("committed"):
            assert not set(again) & whole, what
        assert bool(survivor_knew) == bool(made_before), what
        assert all(count == 1 for count in Counter(again).values()), what
        assert set(Counter(one.reference for one in world.builder.requests)) == {
            result.attempt.reference for result in results if result.attempt is not None
        }, what
        for result in results:
            assert result.attempt is not None
            assert world.engine.images_by_name[result.attempt.reference] == result.attempt.digest, what
            tags = local_references(world.shop.matrix, result.cell)
            assert {world.engine.images_by_name.get(tag) for tag in tags} == {result.attempt.digest}, what
        assert rows(survivor, "PRAGMA integrity_check") == [("ok",)], what
        assert rows(survivor, "PRAGMA foreign_key_check") == [], what
        assert rows(survivor, "SELECT id FROM attempts WHERE state NOT IN ('proven', 'failed')") == [], what
        assert rows(survivor, "SELECT id FROM runs WHERE ended IS NULL OR exit_code IS NULL") == [], what
        build(world, survivor, cells)
        assert len(world.builder.requests) == made_before + len(again), what
    assert seen["commit"] == seen["committed"]
    assert {"CREATE TABLE runs", "INSERT INTO attempts", "UPDATE attempts SET", "INSERT INTO proofs"} <= set(seen)


def snapshots(world: World, power: Callable[..., Power], tmp_path: Path) -> Iterator[Path]:
    """The ledger's files after each commit of a run."""
    path, found = tmp_path / "whole" / "ledger.sqlite", []
    power(watch=lambda: found.append(copy_of(path, tmp_path / f"snapshot-{len(found)}")))
    build(world, path, cells_of(world))
    power()
    assert len(found) > 12
    yield from found


def test_a_copy_of_its_files_opens_after_every_commit(
    world: World, power: Callable[..., Power], tmp_path: Path
) -> None:
    known = 0
    for copy in snapshots(world, power, tmp_path):
        with open_ledger(copy) as ledger:
            states = [attempt.state for attempt in ledger.attempts()]
        assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
        assert len(states) >= known
        known = len(states)
    assert states == [State.PROVEN] * 4


@pytest.mark.parametrize("seed", range(4))
def test_a_torn_write_ahead_log_loses_its_end_only(
    world: World, power: Callable[..., Power], tmp_path: Path, seed: int
) -> None:
    chance, lost = random.Random(seed), 0
    for copy in snapshots(world, power, tmp_path):
        log = Path(f"{copy}-wal")
        if not log.exists() or not log.stat().st_size:
            continue
        before = rows(copy_of(copy, copy.parent / "intact"), "SELECT id, state FROM attempts ORDER BY id")
        length = log.stat().st_size
        with log.open("r+b") as torn:
            if chance.random() < 0.5:
                torn.truncate(chance.randrange(length))
            else:  # a sector that never came to the disk
                torn.seek(chance.randrange(max(1, length - 512)))
                torn.write(bytes(512))
        with open_ledger(copy):
            pass
        assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
        left = rows(copy, "SELECT id, state FROM attempts ORDER BY id")
        assert [number for number, _ in left] == [number for number, _ in before][: len(left)]
        lost += left != before
    assert lost, "nothing was torn that mattered"


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2 + 100]


def _scribbled(content: bytes) -> bytes:
    return random.Random(1).randbytes(100) + content[100:]


def _newer(content: bytes) -> bytes:
    # The format's number: https://www.sqlite.org/fileformat2.html#user_version
    return content[:60] + (len(MIGRATIONS) + 1).to_bytes(4, "big") + content[64:]


@pytest.mark.parametrize(
    ("damage", "said"),
    [(_truncated, "malformed"), (_scribbled, "not a database"), (_newer, "newer orchestrator")],
)
def test_a_damaged_or_newer_ledger_of_a_run_is_refused_with_a_mend_and_left_alone(
    world: World, tmp_path: Path, damage: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "whole" / "ledger.sqlite"
    cells = cells_of(world)
    build(world, path, cells)
    made = len(world.builder.requests)
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(EnvironmentFailedError) as caught:
        build(world, path, cells)
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.mend
    assert path.read_bytes() == content
    assert len(world.builder.requests) == made
