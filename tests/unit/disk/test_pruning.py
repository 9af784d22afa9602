"""Looking and removing: what a live run uses is left alone, and one failure holds back nothing else."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from requests.exceptions import ConnectionError as NoConnection

from orchestrator.config.settings import Keep
from orchestrator.disk.cache import Caches
from orchestrator.disk.engine import EngineSide
from orchestrator.disk.model import Decision, Kind, Removal
from orchestrator.disk.pruning import (
    Remover,
    carry_out,
    foresee,
    freeable,
    look,
    note_sightings,
    removers,
)
from orchestrator.disk.sightings import read_sightings
from orchestrator.disk.space import tree_size
from orchestrator.errors import EnvironmentFailedError
from orchestrator.ledger.opening import open_ledger
from orchestrator.ledger.records import ProofRecord, Start
from orchestrator.system.files import is_locked
from orchestrator.system.places import Places
from tests.unit.disk.fakes import FakeImages
from tests.unit.disk.test_cache import NEW
from tests.unit.disk.things import CELL, key, reference
from tests.unit.engine.fakes import FakeRunner

ONE, TWO = "sha256:1", "sha256:2"
KEEP = Keep(images=1, logs=1, days=0, cache_gib=1)
PASSED = ProofRecord(name="interpreter/starts", verdict="passed", detail="", seconds=0.1)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "tmp").mkdir()
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def runner() -> FakeRunner:
    return FakeRunner(
        {
            "buildx inspect": "Name: default\n",
            "du --builder=default": "Reclaimable:\t3GB\nTotal:\t3GB\n",
            "du --builder=farm": (1, "no such host"),
            "prune --help": NEW,
            "prune --builder=default": "Total:\t1.9GB\n",
        }
    )


def side(images: FakeImages, asked: FakeRunner, *builders: str) -> EngineSide:
    caches = Caches(docker="docker", environment={}, runner=asked)
    return EngineSide(client=images.client, caches=caches, builders=builders)


def two_proven(places: Places) -> FakeImages:
    """A ledger with two proven images of one cell, and their logs."""
    places.logs.mkdir(parents=True)
    with open_ledger(places.ledger) as ledger:
        run = ledger.start_run("build")
        for number, digest in ((1, ONE), (2, TWO)):
            log = places.logs / f"{CELL}-2026010{number}T000000-{key(number)[:12]}.log"
            log.write_text("said\n")
            start = Start(cell=CELL, key=key(number), execution="native", log=str(log), ingredients={})
            attempt = ledger.start_attempt(run, start)
            ledger.built(attempt, reference=reference(number), digest=digest, size=100, seconds=1, phases=())
            ledger.proved(attempt, [PASSED])
    return FakeImages({reference(1): ONE, reference(2): TWO})


def test_from_looking_to_removing(places: Places, tmp_path: Path) -> None:
    images = two_proven(places)
    opened = side(images, runner())
    inventory = look(places, opened, live=False, temporary=tmp_path / "tmp")
    decision = foresee(places, inventory, KEEP)
    report = carry_out(decision, removers(places, opened))
    assert [(one.removal.kind, one.size) for one in report.done] == [
        (Kind.LOG, 5),
        (Kind.IMAGE, 100),
        (Kind.CACHE, 1_900_000_000),
    ]
    assert report.size == 1_900_000_105
    assert (report.skipped, report.refused, inventory.notes) == ((), (), ())
    assert images.by_reference == {reference(2): TWO}
    assert [path.name for path in places.logs.iterdir()] == [f"{CELL}-20260102T000000-{key(2)[:12]}.log"]
    again = foresee(places, look(places, side(images, runner()), live=False, temporary=tmp_path / "tmp"), KEEP)
    assert [removal.kind for removal in again.removals] == [Kind.CACHE]


def test_what_could_be_gained_is_counted(places: Places, tmp_path: Path) -> None:
    opened = side(two_proven(places), runner())
    assert freeable(places, KEEP, opened, temporary=tmp_path / "tmp") == 5 + 100 + 3_000_000_000 - 1024**3
    assert freeable(places, KEEP, temporary=tmp_path / "tmp") == 5
    assert len(list(places.logs.iterdir())) == 2


def test_what_is_published_by_the_ledger_stays(places: Places, tmp_path: Path) -> None:
    images = two_proven(places)
    with open_ledger(places.ledger) as ledger:
        run = ledger.start_run("publish")
        ledger.published(run, "localhost:5000/amd64/python:3.7", TWO)
        ledger.published(run, "localhost:5000/amd64/python:3.7", ONE)
    inventory = look(places, side(images, runner()), live=False, temporary=tmp_path / "tmp")
    kept = {one.what: one.reason for one in foresee(places, inventory, KEEP).kept}
    assert kept[reference(1)] == "published"


def test_without_a_ledger_all_images_are_somebody_elses(places: Places, tmp_path: Path) -> None:
    young = (datetime.now(UTC) - timedelta(days=29)).isoformat()
    images = FakeImages({reference(1): ONE, reference(2): TWO}, times={ONE: young})
    decision = foresee(
        places, look(places, side(images, runner()), live=False, temporary=tmp_path / "tmp"), Keep(images=1, logs=1)
    )
    assert {one.what: one.reason for one in decision.kept if one.kind is Kind.IMAGE} == {
        reference(1): "not of this ledger, and not seen before",
        reference(2): "not of this ledger, and not seen before",
    }
    assert not places.state.exists()


def test_an_image_of_another_ledger_goes_when_it_has_been_seen_for_long(places: Places, tmp_path: Path) -> None:
    images = FakeImages({reference(1): ONE, reference(2): TWO})
    inventory = look(places, side(images, runner()), live=False, temporary=tmp_path / "tmp")
    note_sightings(places, inventory)
    file = places.state / "sightings.json"
    written = json.loads(file.read_text())
    assert set(written) == {f"{reference(1)}@{ONE}", f"{reference(2)}@{TWO}"}
    keep = Keep(images=1, logs=1, days=30)
    assert not foresee(places, inventory, keep).removals
    written[f"{reference(1)}@{ONE}"] = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    file.write_text(json.dumps(written))
    note_sightings(places, inventory)
    assert [removal.what for removal in foresee(places, inventory, keep).removals] == [reference(1)]
    # Another image under the same name counts from anew.
    other = look(places, side(FakeImages({reference(1): TWO}), runner()), live=False, temporary=tmp_path / "tmp")
    assert not foresee(places, other, keep).removals


@pytest.mark.parametrize("text", ["", "[]", "null", '{"x": 1}', '{"x": "soon"}', "\xff{"])
def test_damaged_sightings_have_seen_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sightings.json"
    file.write_bytes(text.encode("latin-1"))
    assert read_sightings(file) == {}


def test_a_live_run_is_seen_by_its_lock(places: Places, tmp_path: Path) -> None:
    lock = places.run_lock
    assert not is_locked(lock)
    assert not lock.exists()
    places.state.mkdir()
    lock.touch()
    assert not is_locked(lock)
    with lock.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert is_locked(lock)
        inventory = look(places, None, live=True, temporary=tmp_path / "tmp")
        assert inventory.notes == ("a run is going on: images and build cache stay as they are",)
    assert not is_locked(lock)


def test_asking_leaves_the_lock_to_whoever_wants_it(places: Places) -> None:
    places.state.mkdir()
    lock = places.run_lock
    lock.touch()
    assert not is_locked(lock)
    with lock.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_run_that_starts_meanwhile_keeps_its_engines_things(places: Places, tmp_path: Path) -> None:
    images = two_proven(places)
    asked = runner()
    opened = side(images, asked)
    decision = foresee(places, look(places, opened, live=False, temporary=tmp_path / "tmp"), KEEP)
    places.run_lock.touch()
    with places.run_lock.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        report = carry_out(decision, removers(places, opened))
    assert [one.removal.kind for one in report.done] == [Kind.LOG]
    assert {one.kind for one in report.skipped} == {Kind.IMAGE, Kind.CACHE}
    assert images.by_reference == {reference(1): ONE, reference(2): TWO}
    assert not any("prune" in line for line in asked.lines)


def test_what_cannot_be_asked_is_noted_and_stays(places: Places, tmp_path: Path) -> None:
    images = FakeImages({}, broken=NoConnection("refused"))
    inventory = look(places, side(images, runner(), "farm", "default"), live=False, temporary=tmp_path / "tmp")
    assert [use.builder for use in inventory.caches] == ["default"]
    assert inventory.notes[0] == "the engine's images stay: refused"
    assert "builder farm stays: 'docker buildx du --builder=farm' fails: no such host" in inventory.notes[1]


@pytest.mark.parametrize("error", [EnvironmentFailedError("in use"), NoConnection("in use"), OSError("in use")])
def test_one_failure_holds_back_nothing_else(error: Exception) -> None:
    def fail(_: Removal) -> int:
        raise error

    def succeed(removal: Removal) -> int:
        return removal.size

    def gone(_: Removal) -> int:
        raise FileNotFoundError

    by_kind: dict[Kind, Remover] = {Kind.LOG: fail, Kind.IMAGE: succeed, Kind.SCRATCH: gone}
    removals = tuple(Removal(kind=kind, what=f"the {kind}", size=5, reason="old") for kind in by_kind)
    report = carry_out(Decision(removals=removals, kept=()), by_kind)
    assert [one.removal.what for one in report.done] == ["the image"]
    assert [(one.what, one.reason) for one in report.refused] == [("the log", "in use")]
    assert [one.what for one in report.skipped] == ["the scratch"]
    assert report.size == 5


def test_scratch_of_killed_runs_goes(places: Places, tmp_path: Path) -> None:
    dead = tmp_path / "tmp" / "orchestrator-proof-x"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "log").write_text("x" * 100_000)
    inventory = look(places, None, live=True, temporary=tmp_path / "tmp")
    assert [one.path for one in inventory.scratch] == [dead]
    report = carry_out(foresee(places, inventory, KEEP), removers(places, None))
    assert [one.removal.what for one in report.done] == [str(dead)]
    assert report.size >= 100_000
    assert not dead.exists()


def test_without_an_engine_nothing_of_it_is_removed(places: Places) -> None:
    given = removers(places, None)
    for kind in (Kind.IMAGE, Kind.CACHE):
        assert given[kind](Removal(kind=kind, what="x", size=1, reason="old")) is None


def test_the_size_of_a_tree_does_not_follow_links(tmp_path: Path) -> None:
    def make(build: Callable[[Path], object]) -> int:
        build(tmp_path)
        return tree_size(tmp_path)

    filled = make(lambda root: (root / "big").write_bytes(b"x" * 65536))
    assert filled >= 65536
    linked = make(lambda root: (root / "link").symlink_to(root / "big"))
    assert linked - filled < 65536
    assert tree_size(tmp_path / "not" / "there") == 0
