"""Publishing with the real command, engine and registry: killed at forty points before an observer's eyes, taken back, held back, gone on with."""

from __future__ import annotations

import os
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest

from orchestrator.publish.visible import _LANES
from tests.integration.flaky import Fault, Flaky, flaky
from tests.integration.generations import (
    IMAGE,
    NAME,
    NEW,
    OLD,
    OTHER,
    Generations,
    forget,
    generations,
    leads,
    write_matrix,
)
from tests.integration.observer import Change, Generation, Observer
from tests.integration.own_registry import OwnRegistry, own_registry
from tests.integration.small_command import Small, by_cell
from tests.integration.trap import Point, Stage, Victim, killed_at, stage_of

KILLS = 40
#: References of an image: 8 tags of 2 architectures and of the index.
ALL = 24
#: Of the other one, which has 6 tags.
OTHERS = 18
#: What images with an architecture of best effort are called.
BEST = "best"


@pytest.fixture(scope="module")
def made(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generations]:
    with generations(tmp_path_factory.mktemp("generations"), client) as found:
        yield found


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRegistry]:
    with own_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@dataclass(kw_only=True)
class Killing:
    """Rounds of killing: below a prefix of its own each, a first set, another one with other content, and both once more."""

    made: Generations
    registry: OwnRegistry
    proxy: Flaky
    observer: Observer
    sets: dict[str, Generation] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def lead(self, prefix: str, generation: Generation) -> int:
        """How many references lead to a generation."""
        wanted = {f"{prefix}{arch}/{NAME}": digest for arch, digest in generation.members.items()}
        wanted[f"{prefix}library/{NAME}"] = generation.index
        found = leads(self.registry.files())
        return sum(wanted.get(name.rpartition(":")[0]) == digest for name, digest in found.items())

    def change(self, prefix: str, before: str | None, after: str, point: Point | None) -> bool:
        """Replace a set by another one, killed at a point; then let it be finished. False when it was not killed."""
        old, new = None if before is None else self.sets[before], self.sets[after]
        place, mark = f"{self.proxy.address}/{prefix}".rstrip("/"), len(self.proxy.done)
        self.made.use(after)
        self.observer.watch(Change(prefix=prefix, old=old, new=new))
        killed = False
        if point is not None:
            words = ("publish", "--json", "--registry", place, IMAGE, "--allow-rebuild")
            with self.made.small.started(*words) as going:
                trap = killed_at(point, going, self.proxy)
            killed = trap.sprung
            expected = -9 if killed and point.victim is not Victim.CHILDREN else 0
            assert going.process.returncode == expected, going.err
        time.sleep(0.05)  # what was under way when it was killed arrives
        moved, begun = self.lead(prefix, new), self.made.rows("SELECT id FROM sets WHERE state = 'begun'") != []
        half = 0 < moved < ALL
        # Whoever leads the tags outlives the run: only where it dies, too, is there something half done until the next run.
        assert not half or (point is not None and point.victim is Victim.BOTH), point
        # What has begun was allowed then, and is finished without being allowed again.
        called = self.made.publish(place, IMAGE, *(() if begun or moved else ("--allow-rebuild",)))
        assert called.code == 0, called.err
        assert called.document["finished"] == ([IMAGE] if begun else []), called.err
        assert "Traceback" not in called.err
        assert self.lead(prefix, new) == ALL, called.err
        if killed and point is not None:
            left = "half visible" if half else "all visible" if moved else "nothing visible"
            self.met[f"{point.victim} at {point.stage}: {left}"] += 1
        sent = Counter(done.sent for done in self.proxy.done[mark:] if done.sent is not None)
        twice = [one for one, times in sent.items() if times > 1]
        # A run that takes over at once from its children cannot see the tags that these were just setting.
        in_flight = _LANES - 1 if point is not None and point.victim is Victim.CHILDREN else 0
        assert len(twice) <= in_flight, (point, twice)
        return killed

    def round(self, prefix: str, points: dict[str, deque[Point]]) -> int:
        """Change four times, each killed at the next of its points; returns the number of kills. What was not killed is tried again later."""
        kills, mark = 0, len(self.proxy.done)
        for kind, before, after in (
            ("first", None, OLD),
            ("second", OLD, NEW),
            ("again", NEW, OLD),
            ("again", OLD, NEW),
        ):
            point = points[kind].popleft() if points[kind] else None
            killed = self.change(prefix, before, after, point)
            kills += killed and point is not None and point.victim is not Victim.CHILDREN
            if point is not None and not killed:
                points[kind].append(point)
        self.observer.watch(None)
        # Content is never sent twice, whoever was killed; tags were, as they were led forth and back.
        content = Counter(done.sent for done in self.proxy.done[mark:] if done.sent is not None and not done.sent[1])
        assert content
        assert set(content.values()) == {1}
        return kills


def _points(chance: random.Random, contents: dict[str, int], seconds: float) -> dict[str, deque[Point]]:
    """Forty points: more than half of them where tags are set, which takes the shortest time of all."""

    def content(kind: str, number: int) -> list[Point]:
        return [
            Point(
                stage=Stage.CONTENT, number=1 + int((at + chance.random()) * contents[kind] / number), after=at % 2 == 1
            )
            for at in range(number)
        ]

    victims = (Victim.RUN, Victim.BOTH)
    tags = [
        Point(stage=Stage.TAGS, number=number + 1, after=chance.random() < 0.5, victim=victims[number % 2])
        for number in range(ALL)
    ]
    chance.shuffle(tags)
    back = [Point(stage=Stage.BACK, number=number, victim=victims[number % 2]) for number in (1, 8, ALL)]
    moments = [Point(stage=Stage.TIME, seconds=seconds * chance.uniform(0.4, 0.98)) for _ in range(4)]
    found = {
        "first": content("first", 7) + tags[:3],
        "second": content("second", 5) + tags[3:8],
        "again": tags[8:21] + back + moments,
    }
    assert sum(map(len, found.values())) == KILLS
    # The run itself has to do what its children cannot do any more.
    for number in (12, 20):
        found["again"].append(Point(stage=Stage.TAGS, number=number, victim=Victim.CHILDREN))
    for some in found.values():
        chance.shuffle(some)
    return {kind: deque(some) for kind, some in found.items()}


@pytest.mark.timeout(900)
def test_forty_kills_show_no_mixed_set_and_the_next_run_completes(made: Generations, registry: OwnRegistry) -> None:
    seed = int(os.environ.get("PUBLISHING_SEED") or random.SystemRandom().randrange(10**6))
    print(f"PUBLISHING_SEED={seed}")
    observer = Observer(address=registry.address, repository=NAME, tags=made.tags)
    with flaky(registry.address, seed=seed, rate=0.0) as proxy, observer.watching():
        killing = Killing(made=made, registry=registry, proxy=proxy, observer=observer)
        killing.sets = made.both(f"{proxy.address}/before")
        # How many requests there are before the first tag is set: with all of the content missing, and with all but the base.
        asked = [(method, path) for method, path, _ in proxy.log]
        first = next(at for at, one in enumerate(asked) if stage_of(*one, tagging=False) is Stage.TAGS)
        ahead = len(asked) - 2 * ALL - first - 2 * ALL
        made.use(OLD)
        seconds = made.publish(f"{proxy.address}/before", IMAGE, "--allow-rebuild").seconds
        points = _points(random.Random(seed), {"first": first, "second": ahead}, seconds)
        kills = rounds = 0
        while any(points.values()):
            made.small.config(attestations=rounds % 4 == 3)
            kills += killing.round(f"round{rounds}/", points)
            rounds += 1
            assert rounds < 16, points
    print(
        f"{kills} kills in {rounds} rounds, {dict(killing.met)}; {observer.polls} polls, {observer.between} in between, {len(observer.blinks)} blinks: {observer.blinks[:3]}"
    )
    assert observer.violations == [], f"PUBLISHING_SEED={seed}"
    assert kills == KILLS
    assert observer.polls > 1000
    assert observer.between > KILLS
    assert killing.met[f"{Victim.BOTH} at {Stage.TAGS}: half visible"] >= 5
    assert killing.met[f"{Victim.RUN} at {Stage.TAGS}: all visible"] >= 5
    assert killing.met[f"{Victim.CHILDREN} at {Stage.TAGS}: all visible"] == 2
    # By the last request before the tags whoever leads them may be at work, and outlive the run; "half" is ruled out above.
    content = {what: killing.met[f"{Victim.RUN} at {Stage.CONTENT}: {what} visible"] for what in ("nothing", "all")}
    assert sum(content.values()) == 12, content
    assert content["nothing"] >= 10, content
    assert made.rows("SELECT id FROM sets WHERE state = 'begun'") == []
    assert made.rows("PRAGMA integrity_check") == [("ok",)]
    # Runs that were killed are closed by the next one that builds.
    built = made.small("build", "--json")
    assert {one["action"] for one in by_cell(built).values()} == {"nothing"}, built.err
    assert made.rows("SELECT id FROM runs WHERE ended IS NULL") == []


@pytest.mark.timeout(240)
def test_a_registry_that_fails_three_of_ten_requests_gets_everything_once(
    made: Generations, registry: OwnRegistry
) -> None:
    made.use(NEW)
    made.small.config(attestations=True)
    with flaky(registry.address, seed=7) as proxy:
        called = made.publish(f"{proxy.address}/flaky")
        assert proxy.failures > 0.15 * proxy.requests
        assert {fault for _, _, fault in proxy.log} == {None, *Fault}
        sent = Counter(done.sent for done in proxy.done if done.sent is not None)
        told = called.document
        assert called.code == 0, called.err
        # An answer that got lost counts: the registry had it.
        assert any(fault is Fault.ANSWER_LOST and method == "PUT" for method, _, fault in proxy.log)
        assert [one for one, times in sent.items() if times > 1] == []
        assert len(told["published"]) == ALL + OTHERS
        assert told["retries"] == called.err.count("; try ") > 0
        assert 0 <= told["retries"] - proxy.failures <= 5, (
            "what was tried again is what failed, but for connections that were just closed"
        )
    found = {name for name in leads(registry.files()) if name.startswith("flaky/") and ":sha256-" not in name}
    assert len(found) == ALL + OTHERS


def test_all_of_an_image_is_published_and_seen_again_without_sending_anything(
    made: Generations, registry: OwnRegistry
) -> None:
    place = f"{registry.address}/whole"
    made.small.config(attestations=False)
    sets = made.both(place)
    files = registry.files()
    found = {name: digest for name, digest in leads(files).items() if name.startswith("whole/")}
    assert len(found) == ALL
    assert set(found.values()) == {sets[NEW].index, *sets[NEW].members.values()}
    called = made.publish(place, IMAGE)
    assert (called.code, called.document["unchanged"], called.document["pushed"]) == (0, ALL, 0)
    assert registry.files() == files


def test_a_dry_run_tells_all_and_changes_nothing(made: Generations, registry: OwnRegistry) -> None:
    files, runs = registry.files(), made.rows("SELECT count(*) FROM runs")
    made.use(NEW)
    called = made.publish(f"{registry.address}/dry", "--dry-run")
    assert called.code == 0, called.err
    assert len(called.document["published"]) == ALL + OTHERS
    assert registry.files() == files
    assert made.rows("SELECT count(*) FROM runs") == runs


def test_a_run_is_rolled_back_held_back_and_published_again(made: Generations, registry: OwnRegistry) -> None:
    place = f"{registry.address}/back"
    sets = made.both(place)

    def leading() -> set[str]:
        return {digest for name, digest in leads(registry.files()).items() if name.startswith("back/")}

    old, new = ({sets[name].index, *sets[name].members.values()} for name in (OLD, NEW))
    (first, second) = [str(run) for (run,) in made.rows("SELECT run FROM sets WHERE registry LIKE ?", f"{place}/%")]
    files, rows = registry.files(), made.rows("SELECT id, state FROM sets")
    dry = made.publish(place, "--rollback", second, "--dry-run")
    assert (dry.code, len(dry.document["rolled_back"]), dry.document["removed"]) == (0, ALL, [])
    assert (registry.files(), made.rows("SELECT id, state FROM sets")) == (files, rows)

    done = made.publish(place, "--rollback", second)
    assert (done.code, len(done.document["rolled_back"]), done.document["images"]) == (0, ALL, [IMAGE]), done.err
    assert leading() == old
    files = registry.files()
    held = made.publish(place, IMAGE, "--allow-rebuild")
    assert held.code == 1
    assert "rolled back" in held.document["held_back"][IMAGE]
    assert registry.files() == files
    again = made.publish(place, IMAGE, "--allow-rebuild", "--again")
    assert (again.code, len(again.document["published"])) == (0, ALL), again.err
    assert leading() == new

    last = again_run(made)
    assert made.publish(place, "--rollback", last).code == 0
    assert leading() == old
    # What was there first has nothing to be led back to: its tags are taken away, which this registry does only for manifests.
    gone = made.publish(place, "--rollback", first)
    assert (gone.code, gone.document["rolled_back"], gone.document["left"]) == (0, [], {}), gone.err
    assert len(gone.document["removed"]) == ALL
    assert leading() == set()


def again_run(made: Generations) -> str:
    ((number,),) = made.rows("SELECT max(run) FROM sets")
    return str(number)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_run_that_is_not_known_or_published_nothing_is_one_error(
    made: Generations, registry: OwnRegistry, dry: tuple[str, ...]
) -> None:
    files = registry.files()
    unknown = made.publish(registry.address, "--rollback", "99999", *dry)
    assert unknown.code == 2
    assert unknown.out == ""
    assert unknown.err.splitlines()[0].endswith("there is no run 99999")
    assert len(unknown.err.splitlines()) == 2
    ((build,),) = made.rows("SELECT min(id) FROM runs WHERE command = 'build'")
    nothing = made.publish(registry.address, "--rollback", str(build), *dry)
    assert nothing.code == 2
    assert f"run {build} published none of these images" in nothing.err
    assert "mend:" in nothing.err
    assert registry.files() == files


def test_a_tag_of_a_full_release_does_not_move_by_itself_and_holds_nobody_back(
    made: Generations, registry: OwnRegistry
) -> None:
    place = f"{registry.address}/held"
    made.use(OLD)
    assert made.publish(place, IMAGE).code == 0
    before = {name: digest for name, digest in leads(registry.files()).items() if name.startswith("held/")}
    made.use(NEW)
    told = made.small("publish", "--registry", place)
    assert told.code == 1
    (line,) = [line for line in told.out.splitlines() if line.startswith(f"{IMAGE}: not published: ")]
    assert "3.9.2-slim-bullseye and 3 more would change from sha256:" in line
    assert "(dockerfile changed): a tag of a full release does not move by itself" in line
    assert "  mend: --allow-rebuild moves it" in told.out.splitlines()
    after = {name: digest for name, digest in leads(registry.files()).items() if name.startswith("held/")}
    assert before.items() <= after.items()
    others = {digest for name, digest in after.items() if name not in before}
    assert len(after) == ALL + OTHERS
    assert {*made.members(NEW, OTHER).values()} < others


def test_an_architecture_of_best_effort_may_fail(
    client: docker.DockerClient, registry: OwnRegistry, tmp_path: Path
) -> None:
    small = Small.at(tmp_path)
    try:
        why = "the emulator is not up to it"
        write_matrix(
            small,
            name=BEST,
            lines=("3.9",),
            more=' && [ "$(uname -m)" != aarch64 ]',
            best_effort_architectures={"arm64v8": why},
        )
        small.config(attestations=False)
        built = by_cell(small("build", "--json"))
        assert {name: one["ok"] for name, one in built.items()} == {f"{IMAGE}-amd64": True, f"{IMAGE}-arm64v8": False}
        called = small("publish", "--json", "--registry", f"{registry.address}/best")
        assert called.code == 0, called.err
        assert called.document["without"] == {IMAGE: {"arm64v8": f"best effort: {why}"}}
        found = {name: digest for name, digest in leads(registry.files()).items() if name.startswith("best/")}
        assert {name.rpartition(":")[0] for name in found} == {f"best/amd64/{BEST}", f"best/library/{BEST}"}
        assert len(found) == 2 * 8
        told = small("publish", "--registry", f"{registry.address}/best")
        assert f"{IMAGE}: without arm64v8: best effort: {why}" in told.out.splitlines()
    finally:
        forget(client, BEST)
