"""What goes and what stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config.settings import Keep
from orchestrator.disk.decision import decide
from orchestrator.disk.model import CacheUse, Decision, Inventory, Kind, LogFile, Memory, ScratchDirectory, StagedImage
from orchestrator.ledger.records import Attempt, State
from tests.unit.disk.things import (
    KEEP,
    NOW,
    ago,
    attempt,
    image,
    log,
    log_name,
    proofs_log,
    reference,
)

GIB = 1024**3


def of_images(
    images: Sequence[StagedImage],
    attempts: Sequence[Attempt] = (),
    *,
    keep: Keep = KEEP,
    published: frozenset[str] = frozenset(),
    sightings: Mapping[str, float] | None = None,
) -> Decision:
    """Decide with the given memory; `sightings` say how many days ago an image was seen first."""
    seen = {name: ago(days) for name, days in (sightings or {}).items()}
    memory = Memory(attempts=tuple(attempts), published=published, sightings=seen)
    return decide(Inventory(live=False, images=tuple(images)), memory, keep, now=NOW)


def of_logs(logs: Sequence[LogFile], attempts: Sequence[Attempt] = (), *, keep: Keep = KEEP) -> Decision:
    return decide(Inventory(live=True, logs=tuple(logs)), Memory(attempts=tuple(attempts)), keep, now=NOW)


def gone(decision: Decision) -> list[str]:
    return [removal.what for removal in decision.removals]


def why(decision: Decision, what: str) -> str:
    (reason,) = [one.reason for one in decision.kept if one.what == what]
    return reason


def test_of_a_cell_the_newest_images_stay_and_older_ones_go() -> None:
    attempts = [attempt(number, days=100 - number) for number in range(1, 5)]
    images = [image(number, days=100 - number) for number in range(1, 5)]
    decision = of_images(images, attempts)
    assert gone(decision) == [reference(2), reference(1)]
    assert decision.size == 200
    assert why(decision, reference(4)) == "the newest proven image of its cell"
    assert why(decision, reference(3)) == "one of the newest 2 of its cell"


def test_each_cell_is_counted_for_itself_and_so_is_each_repository() -> None:
    cells = ["3.7-stretch-amd64", "3.7-stretch-arm64v8"]
    attempts = [attempt(number, days=90, cell=cell) for number, cell in enumerate(2 * cells, start=1)]
    images = [image(one.id, days=90, cell=one.cell) for one in attempts]
    assert gone(of_images(images, attempts)) == []
    assert gone(of_images(images, attempts, keep=KEEP.model_copy(update={"images": 1}))) == [
        reference(1, cells[0]),
        reference(2, cells[1]),
    ]


def test_nothing_young_goes_however_many_there_are() -> None:
    attempts = [attempt(number, days=29) for number in range(1, 9)]
    images = [image(number, days=29) for number in range(1, 9)]
    decision = of_images(images, attempts)
    assert gone(decision) == []
    assert why(decision, reference(1)) == "younger than 30 days"


def test_an_image_that_a_run_tagged_again_lately_is_young() -> None:
    attempts = [attempt(number, days=100 - number) for number in range(1, 5)]
    images = [image(number, days=3 if number == 1 else 90) for number in range(1, 5)]
    assert gone(of_images(images, attempts)) == [reference(2)]


def test_the_newest_proven_image_stays_however_many_failed_since() -> None:
    attempts = [attempt(1, days=90), *(attempt(number, days=80, state=State.FAILED) for number in range(2, 6))]
    images = [image(number, days=80) for number in range(1, 6)]
    decision = of_images(images, attempts)
    assert gone(decision) == [reference(3), reference(2)]
    assert why(decision, reference(1)) == "the newest proven image of its cell"


def test_the_newest_proven_image_is_the_newest_that_is_still_there() -> None:
    attempts = [attempt(number, days=90) for number in range(1, 6)]
    anew = image(3, days=90, digest="sha256:other")
    decision = of_images([image(1, days=90), anew], attempts, sightings={anew.name: 90})
    assert gone(decision) == [reference(3)]
    assert why(decision, reference(1)) == "the newest proven image of its cell"


def test_what_is_built_and_not_yet_proven_stays_while_its_key_is_the_newest() -> None:
    keep = KEEP.model_copy(update={"images": 1, "days": 0})
    attempts = [
        attempt(1, days=90, state=State.BUILT),
        attempt(2, days=80, state=State.BUILT),
        attempt(3, days=70),
        attempt(4, days=60, state=State.FAILED, of=2),
    ]
    images = [image(number, days=90) for number in (1, 2, 3)]
    assert gone(of_images(images, attempts, keep=keep)) == [reference(1)]
    decision = of_images(images, attempts[:3], keep=keep)
    assert gone(decision) == [reference(2), reference(1)]
    assert why(of_images(images, attempts[:2], keep=keep), reference(2)) == "built, and not yet proven"


def test_the_image_of_a_running_attempt_stays() -> None:
    keep = KEEP.model_copy(update={"images": 1, "days": 0})
    attempts = [attempt(1, days=2), attempt(2, days=1), attempt(3, days=0, state=State.RUNNING, of=1)]
    decision = of_images([image(1, days=1), image(2, days=1)], attempts, keep=keep)
    assert gone(decision) == []
    assert why(decision, reference(1)) == "a running attempt's"


@pytest.mark.parametrize("digests", [frozenset(), frozenset({"sha256:in-the-registry"})])
def test_what_is_published_stays_by_whichever_digest_a_registry_knows_it(digests: frozenset[str]) -> None:
    attempts = [attempt(number, days=90) for number in range(1, 5)]
    images = [image(number, days=90, digests=digests if number == 1 else frozenset()) for number in range(1, 5)]
    published = digests or frozenset({images[0].digest})
    decision = of_images(images, attempts, published=published)
    assert gone(decision) == [reference(2)]
    assert why(decision, reference(1)) == "published"


def test_what_somebody_tagged_stays() -> None:
    attempts = [attempt(number, days=90) for number in range(1, 5)]
    images = [image(number, days=90, others=("mine:1",) if number == 1 else ()) for number in range(1, 5)]
    decision = of_images(images, attempts)
    assert gone(decision) == [reference(2)]
    assert why(decision, reference(1)) == "also tagged mine:1"


def test_images_of_another_ledger_go_by_age_only() -> None:
    images = [
        image(1, days=31),
        image(2, days=None),
        image(3, days=90),
        image(4, days=29),
        image(5, days=90, others=("mine:1",)),
        image(6, days=90),
    ]
    seen = {images[0].name: 31, images[1].name: 31, images[2].name: 29, images[3].name: 31, images[4].name: 31}
    decision = of_images(images, sightings=seen)
    assert gone(decision) == [reference(1), reference(2)]
    assert why(decision, reference(3)) == "not of this ledger, and here for less than 30 days"
    assert why(decision, reference(4)) == "not of this ledger, and here for less than 30 days"
    assert why(decision, reference(5)) == "also tagged mine:1"
    assert why(decision, reference(6)) == "not of this ledger, and not seen before"


def test_an_image_that_another_ledger_built_under_our_name_is_not_ours() -> None:
    attempts = [attempt(number, days=90) for number in range(1, 4)]
    images = [image(number, days=29, digest="sha256:theirs" if number == 1 else None) for number in range(1, 4)]
    seen = {images[0].name: 29}
    assert why(of_images(images, attempts, sightings=seen), reference(1)).startswith("not of this ledger, and here for")


def test_what_an_image_frees_is_counted_with_its_last_name_only() -> None:
    attempts = [attempt(number, days=90) for number in range(1, 5)]
    same = image(3, days=90).digest
    attempts[0] = attempt(1, days=90, state=State.FAILED, of=1)
    images = [
        image(1, days=90, digest="sha256:x"),
        image(2, days=90, digest="sha256:x"),
        image(3, days=90, digest=same),
    ]
    decision = of_images(images[:2], [], sightings={one.name: 90 for one in images})
    assert [removal.size for removal in decision.removals] == [100, 0]
    five = image(5, days=90, digest=same)
    shared = of_images([five, images[2]], attempts, sightings={five.name: 90})
    assert [(removal.what, removal.size) for removal in shared.removals] == [(reference(5), 0)]


def test_while_a_run_is_live_nothing_in_the_engine_goes() -> None:
    inventory = Inventory(
        live=True,
        images=(image(1, days=90),),
        caches=(CacheUse(builder="default", size=100 * GIB, reclaimable=100 * GIB),),
        scratch=(ScratchDirectory(path=Path("/tmp/orchestrator-proof-x"), size=7),),
        logs=(log(1, days=90), log(2, days=80), log(3, days=70)),
    )
    decision = decide(inventory, Memory(), KEEP, now=NOW)
    assert {removal.kind for removal in decision.removals} == {Kind.LOG, Kind.SCRATCH}
    assert {one.reason for one in decision.kept if one.kind in {Kind.IMAGE, Kind.CACHE}} == {"a run is going on"}


@pytest.mark.parametrize(
    ("size", "reclaimable", "freed"),
    [(30 * GIB, 30 * GIB, 10 * GIB), (30 * GIB, 2 * GIB, 2 * GIB), (20 * GIB, 20 * GIB, None), (30 * GIB, 0, None)],
)
def test_of_the_cache_goes_what_is_over_the_limit_and_not_in_use(
    size: int, reclaimable: int, freed: int | None
) -> None:
    use = CacheUse(builder="default", size=size, reclaimable=reclaimable)
    decision = decide(Inventory(live=False, caches=(use,)), Memory(), KEEP, now=NOW)
    assert [(one.size, one.limit) for one in decision.removals] == ([] if freed is None else [(freed, 20 * GIB)])
    assert len(decision.removals) + len(decision.kept) == 1


def test_of_a_cell_the_newest_logs_stay_and_older_ones_go() -> None:
    logs = [log(number, days=100 - number) for number in range(1, 5)]
    decision = of_logs(logs)
    assert gone(decision) == [str(logs[1].path), str(logs[0].path)]
    assert decision.size == 20
    assert why(decision, str(logs[3].path)) == "one of the newest 2 of its cell"
    assert gone(of_logs([log(number, days=29) for number in range(1, 5)])) == []


def test_logs_that_explain_something_stay() -> None:
    attempts = [
        attempt(1, days=99, state=State.FAILED),
        attempt(2, days=98, state=State.FAILED),
        attempt(3, days=97, state=State.RUNNING),
        attempt(4, days=96),
    ]
    logs = [
        *(log(one.id, days=100 - one.id) for one in attempts),
        proofs_log(days=95),
        proofs_log(days=94),
        *(log(number, days=100 - number) for number in range(7, 10)),
    ]
    decision = of_logs(logs, attempts)
    assert gone(decision) == [str(logs[6].path), str(logs[4].path), str(logs[0].path)]
    assert why(decision, str(logs[1].path)) == "the last failure's"
    assert why(decision, str(logs[2].path)) == "a running attempt's"
    assert why(decision, str(logs[3].path)) == "the newest attempt's"
    assert why(decision, str(logs[5].path)) == "the last failed proofs'"


def test_cells_that_no_matrix_knows_are_treated_alike() -> None:
    cell = "1.5-potato-m68k"
    attempts = [attempt(number, days=90, cell=cell) for number in range(1, 5)]
    images = [image(number, days=90, cell=cell) for number in range(1, 5)]
    assert gone(of_images(images, attempts)) == [reference(2, cell), reference(1, cell)]


STATES = st.sampled_from(State)
AGES = st.floats(0, 400)
ATTEMPTS = st.lists(st.tuples(STATES, AGES, st.integers(1, 5)), max_size=12)
KEEPS = st.builds(Keep, images=st.integers(1, 3), logs=st.integers(1, 3), days=st.floats(0, 200))


@given(ATTEMPTS, st.sets(st.integers(1, 5)), st.sets(st.integers(1, 5)), AGES, KEEPS)
def test_what_is_needed_never_goes(
    steps: list[tuple[State, float, int]], present: set[int], published: set[int], days: float, keep: Keep
) -> None:
    attempts = [attempt(number, days=age, state=state, of=of) for number, (state, age, of) in enumerate(steps, start=1)]
    images = [image(number, days=days) for number in sorted(present)]
    logs = [log(one.id, days=age) for one, (_, age, _) in zip(attempts, steps, strict=True)]
    digests = frozenset(image(number, days=0).digest for number in published)
    decision = decide(
        Inventory(live=False, images=tuple(images), logs=tuple(logs)),
        Memory(attempts=tuple(reversed(attempts)), published=digests),
        keep,
        now=NOW,
    )
    removed = set(gone(decision))
    assert len(decision.removals) + len(decision.kept) == len(images) + len(logs)
    proven = [
        one.reference
        for one in attempts
        if one.state is State.PROVEN and one.reference in {i.reference for i in images}
    ]
    running = {one.reference for one in attempts if one.state is State.RUNNING}
    unfinished = {one.reference for one in attempts if one.state is State.BUILT and one.key == attempts[-1].key}
    needed = {*proven[-1:], *running, *unfinished, *(reference(number) for number in published)}
    assert not removed & needed
    failed = [
        log_name(one.id, age) for one, (state, age, _) in zip(attempts, steps, strict=True) if state is State.FAILED
    ]
    kept_logs = {name.rpartition("/")[2] for name in removed}
    assert not kept_logs & {
        *failed[-1:],
        *(log_name(one.id, age) for one, (_, age, _) in [*zip(attempts, steps, strict=True)][-1:]),
    }
    assert not any(one.written > ago(keep.days) for one in logs if str(one.path) in removed)
