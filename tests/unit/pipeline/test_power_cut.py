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
    """Counts the moments at which it could go, and goes at one of them: then `rescue` sees the disk as it is, and no write comes after.

    With another `trouble` than a cut, the disk is full from then on, or (`lasting` off) somebody presses Ctrl-C just then.
    """

    goes_at: int | None = None
    trouble: type[BaseException] = PowerCutError
    lasting: bool = True
    rescue: Callable[[], object] = lambda: None
    watch: Callable[[], object] = lambda: None
    moments: list[str] = field(default_factory=list)
    gone: bool = False

    def moment(self, what: str) -> None:
        if self.gone:
            raise self.trouble("database or disk is full")
        self.moments.append(what)
        if len(self.moments) - 1 == self.goes_at:
            self.rescue()
            self.gone = self.lasting
            raise self.trouble("database or disk is full")
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
            except BaseException:
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
def moments(world: World, power: Callable[..., Power], tmp_path: Path) -> list[str]:
    """The moments of a whole run, the making of its ledger included."""
    counted = power()
    build(world, tmp_path / "counting" / "ledger.sqlite", cells_of(world))
    assert len(world.builder.requests) == 4
    commits = Counter(counted.moments)["committed"]
    assert commits == 1 + 1 + 2 + 1 + 4 * (3 + 2 + 1) + 1, (
        "the ledger, a run, what was left open, what is meant, each cell begun, built and proven, its two stages, what came of it, the run's end"
    )
    world.engine.images_by_name.clear()
    world.builder.requests.clear()
    return counted.moments


@dataclass
class Trouble:
    """What happens at one moment of a run, and where its ledger is afterwards."""

    number: int
    cut: Power
    path: Path
    whole: set[str]
    built: int

    def __str__(self) -> str:
        return f"moment {self.number}: {self.cut.moments[-1]}"


def troubles(
    world: World,
    power: Callable[..., Power],
    moments: Iterable[int],
    directory: Path,
    raised: type[BaseException],
    **how: Any,
) -> Iterator[Trouble]:
    """Let a run of its own be ended at each moment."""
    for number in moments:
        path = directory / f"{number}" / "ledger.sqlite"
        world.engine.images_by_name.clear()
        world.builder.requests.clear()
        cut = power(goes_at=number, **how)
        if cut.trouble is PowerCutError:
            cut.rescue = lambda path=path: copy_of(path, path.parent / "after")  # type: ignore[misc]
        with pytest.raises(raised):
            build(world, path, cells_of(world))
        power()
        if cut.trouble is PowerCutError:
            path = path.parent / "after" / path.name
            path.parent.mkdir(exist_ok=True)
        whole = {name for name in world.engine.images_by_name if name.startswith("orchestrator.local/")}
        yield Trouble(number=number, cut=cut, path=path, whole=whole, built=len(world.builder.requests))


def assert_whole(world: World, trouble: Trouble) -> None:
    """The next run is the last one that has anything to do, and it builds nothing again that was whole."""
    results = build(world, trouble.path, cells_of(world))
    assert all(result.ok for result in results), trouble
    again = [one.reference for one in world.builder.requests[trouble.built :]]
    assert not set(again) & trouble.whole, trouble
    assert len(again) == len(results) - len(trouble.whole), trouble
    for result in results:
        assert result.attempt is not None
        names = (result.attempt.reference, *local_references(world.shop.matrix, result.cell))
        assert {world.engine.images_by_name.get(name) for name in names} == {result.attempt.digest}, trouble
    assert rows(trouble.path, "PRAGMA integrity_check") == [("ok",)], trouble
    assert rows(trouble.path, "PRAGMA foreign_key_check") == [], trouble
    assert rows(trouble.path, "SELECT id FROM attempts WHERE state NOT IN ('proven', 'failed')") == [], trouble
    assert rows(trouble.path, "SELECT id FROM runs WHERE ended IS NULL OR exit_code IS NULL") == [], trouble
    build(world, trouble.path, cells_of(world))
    assert len(world.builder.requests) == trouble.built + len(again), trouble


def test_a_power_cut_between_any_two_writes_loses_nothing_that_was_whole(
    world: World, power: Callable[..., Power], moments: list[str], tmp_path: Path
) -> None:
    seen = Counter[str]()
    for cut in troubles(world, power, range(len(moments)), tmp_path, PowerCutError):
        seen[cut.cut.moments[-1]] += 1
        assert_whole(world, cut)
    assert seen["commit"] == seen["committed"]
    assert {"CREATE TABLE runs", "INSERT INTO attempts", "UPDATE attempts SET", "INSERT INTO proofs"} <= set(seen)


def test_a_disk_that_is_full_from_any_write_on_ends_the_run_with_a_mend_and_not_by_hanging(
    world: World, power: Callable[..., Power], moments: list[str], tmp_path: Path
) -> None:
    how = {"trouble": sqlite3.OperationalError}
    for full in troubles(world, power, range(len(moments)), tmp_path, EnvironmentFailedError, **how):
        assert_whole(world, full)


def test_ctrl_c_at_any_write_ends_the_run_and_not_by_hanging(
    world: World, power: Callable[..., Power], moments: list[str], tmp_path: Path
) -> None:
    # Before the run begins there is nothing yet that could be ended.
    begun = moments.index("INSERT INTO runs")
    how = {"trouble": KeyboardInterrupt, "lasting": False}
    for pressed in troubles(world, power, range(begun, len(moments)), tmp_path, KeyboardInterrupt, **how):
        assert_whole(world, pressed)


def test_what_a_killed_run_left_whole_survives_a_run_about_other_cells(world: World, tmp_path: Path) -> None:
    path, (first, *others) = tmp_path / "ledger.sqlite", cells_of(world)
    build(world, path, (first,))
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE attempts SET state = 'running', digest = '', size = 0")
    build(world, path, tuple(others))
    assert rows(path, "SELECT state FROM attempts WHERE id = 1") == [("built",)]
    (result,) = build(world, path, (first,))
    assert result.ok
    assert len(world.builder.requests) == 4
    assert rows(path, "SELECT state, size FROM attempts WHERE id = 1") == [("proven", 1000)]


def snapshots(world: World, power: Callable[..., Power], tmp_path: Path) -> Iterator[Path]:
    """The ledger's files after each commit of a run."""
    path = tmp_path / "whole" / "ledger.sqlite"
    found: list[Path] = []
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
