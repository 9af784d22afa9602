"""What is published, held back and remembered after a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import httpx
import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.bump.releases import ReleaseWatch
from orchestrator.config.settings import Rebuilds, Settings
from orchestrator.errors import ExitCode, UsageError
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.journal import Journal
from orchestrator.ledger.records import Attempt, ProofRecord, Start
from orchestrator.matrix.model import Cell
from orchestrator.pipeline import nightly, publication
from orchestrator.pipeline.nightly import Wishes, run_nightly
from orchestrator.pipeline.outcome import Looked, Report
from orchestrator.pipeline.preparing import Prepared
from orchestrator.pipeline.publication import open_registries, publish_images, publisher_of
from orchestrator.pipeline.rollback import take_back
from orchestrator.pipeline.workshop import Workshop
from orchestrator.publish.content import Content
from orchestrator.publish.index import members_of
from orchestrator.publish.leading import Leader
from orchestrator.publish.model import ImageSet, Member
from orchestrator.publish.names import names_for
from orchestrator.registry.archive import Manifest
from orchestrator.registry.registries import Registries
from tests.unit.pipeline.fakes import NAMES, FakeIngredients, World
from tests.unit.registry.wire import ADDRESS

SLIM2, SLIM3 = "2.7-slim-bullseye", "3.9-slim-bullseye"
PLACE = f"{ADDRESS}/library/python"


def publish(world: World, *images: str, rebuilds: Rebuilds = Rebuilds.NEVER, **more: Any) -> Report:
    chosen = tuple({cell.image.id: cell.image for image in images for cell in world.cells(image)}.values())
    return publish_images(world.shop, chosen, NAMES, rebuilds=rebuilds, **more)


def rebuild(world: World, image: str, what: str = "base") -> None:
    """Build an image anew, another one each time, as if something around it had changed."""
    world.change(
        f"ingredients = json_set(ingredients, '$.{what}', 'sha256:before'), key = key || '-before'", f"{image}%"
    )
    world.builder.requests += [world.builder.requests[0]] * 10  # numbers images
    results = world.run([cell for cell in world.shop.matrix.cells if cell.id.startswith(image)])
    assert results
    assert all(result.ok and not result.done_before for result in results)


def tags(world: World, repository: str = "library/python") -> dict[str, str]:
    """Tags for people: those that list what is attached are left out."""
    return {tag: digest for tag, digest in world.wire.tags(repository).items() if not tag.startswith("sha256-")}


def index_of(world: World, tag: str) -> Manifest:
    return Manifest.of(world.wire.manifests["library/python", tag][1])


def test_an_image_is_published_under_all_its_names_and_a_second_time_nothing_is_sent(world: World) -> None:
    world.run(world.cells(SLIM2))
    first = publish(world, SLIM2)
    assert first.code is ExitCode.DONE
    names = {one.reference for one in first.published}
    image = world.cells(SLIM2)[0].image
    every = [*image.tags, *image.shared_tags]
    assert names == {f"{ADDRESS}/{where}/python:{tag}" for where in ("amd64", "arm64v8", "library") for tag in every}
    assert members_of(index_of(world, "2.7-slim")).keys() == {"linux/amd64", "linux/arm64"}
    requests = len(world.wire.requests)
    again = publish(world, SLIM2)
    assert (again.published, again.unchanged, again.pushed) == ((), len(names), 0)
    assert {method for method, _ in world.wire.requests[requests:]} == {"HEAD"}
    assert len(world.wire.requests) - requests == len(names)


def test_an_index_says_where_its_images_come_from(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    content = index_of(world, "2.7.18-slim").content
    said = content["annotations"]
    assert said["org.opencontainers.image.version"] == "2.7.18"
    assert said["org.opencontainers.image.created"] == "2026-01-01T00:00:00Z"
    assert said["org.opencontainers.image.base.name"] == "debian:bullseye-slim"
    assert all(
        one["annotations"]["org.opencontainers.image.base.digest"] == "sha256:base" for one in content["manifests"]
    )


def test_an_image_without_one_of_its_architectures_is_held_back_and_its_neighbour_goes_on(world: World) -> None:
    held, neighbour = world.cells(SLIM3), world.cells(SLIM2)
    world.builder.failing[held[1].id] = FailureClass.COMPILE
    world.run((*held, *neighbour))
    report = publish(world, SLIM3, SLIM2)
    assert report.code is ExitCode.CELLS_FAILED
    assert report.held_back[SLIM3].reason == f"not proven as the files say now: {SLIM3}-arm64v8"
    assert not any(tag.startswith("3.9") for tag in tags(world))
    assert "2.7.18-slim" in tags(world)
    held_back = report.held_back[SLIM3]
    assert Chronicle(world.shop.ledger).held_back(2) == {SLIM3: f"{held_back.reason} ({held_back.mend})"}
    assert {one.reference for one in Chronicle(world.shop.ledger).publications(2)} == {
        one.reference for one in report.published
    }


def test_a_best_effort_architecture_may_be_missing_and_that_is_told(world: World) -> None:
    matrix = dataclasses.replace(world.shop.matrix, best_effort={"arm64v8": "there is no machine for it"})
    world.shop = dataclasses.replace(world.shop, matrix=matrix)
    cells = world.cells(SLIM2)
    world.builder.failing[cells[1].id] = FailureClass.COMPILE
    world.run(cells)
    report = publish(world, SLIM2)
    assert report.code is ExitCode.DONE
    assert report.without == {SLIM2: {"arm64v8": "best effort: there is no machine for it"}}
    assert members_of(index_of(world, "2.7-slim")).keys() == {"linux/amd64"}
    assert tags(world, "arm64v8/python") == {}
    # When it is there one day, it is an addition, which takes nothing from what is there.
    world.builder.failing.clear()
    world.run(cells)
    assert publish(world, SLIM2, rebuilds=Rebuilds.BASE).held_back == {}
    assert len(members_of(index_of(world, "2.7.18-slim"))) == 2


def test_an_image_that_cannot_be_pushed_does_not_hold_back_its_neighbour(world: World) -> None:
    world.run((*world.cells(SLIM3), *world.cells(SLIM2)))
    lost = world.shop.ledger.latest(f"{SLIM3}-amd64")
    assert lost is not None
    del world.engine.images_by_name[lost.reference]
    report = publish(world, SLIM3, SLIM2)
    assert set(report.held_back) == {SLIM3}
    assert "neither in the registry nor in the engine" in report.held_back[SLIM3].reason
    assert not any(tag.startswith("3.9") for where in ("amd64", "library") for tag in tags(world, f"{where}/python"))
    assert "2.7.18-slim" in tags(world)


def test_a_dry_run_names_everything_and_touches_nothing(world: World) -> None:
    world.run(world.cells(SLIM2))
    dry = publish(world, SLIM2, dry_run=True)
    assert world.wire.manifests == {}
    assert Journal(world.shop.ledger).current(PLACE) == {}
    assert Chronicle(world.shop.ledger).runs()[0].command == "build"
    real = publish(world, SLIM2)
    assert {one.reference for one in dry.published} == {one.reference for one in real.published}


def test_an_image_of_another_recipe_is_not_published_under_todays_tags(world: World) -> None:
    world.run(world.cells(SLIM2))
    world.change("ingredients = json_set(ingredients, '$.dockerfile', 'yesterday')")
    report = publish(world, SLIM2)
    assert set(report.held_back) == {SLIM2}
    assert world.wire.manifests == {}


def test_a_later_failure_of_another_recipe_does_not_take_a_proven_image_back_and_one_of_this_does(world: World) -> None:
    cells = world.cells(SLIM2)
    world.run(cells)
    run = world.shop.ledger.start_run("build")
    for dockerfile in ("tried", world.shop.ledger.attempts(cells[0].id)[0].ingredients["dockerfile"]):
        attempt = world.shop.ledger.start_attempt(
            run, Start(cell=cells[0].id, key="k", execution="native", log="", ingredients={"dockerfile": dockerfile})
        )
        world.shop.ledger.failed(attempt, failure_class="compile error", message="no", seconds=1)
        held = publish(world, SLIM2).held_back
        assert bool(held) == (dockerfile != "tried")
    assert held[SLIM2].reason == f"the last attempt failed: {cells[0].id} (compile error)"


def test_one_architecture_built_anew_is_joined_with_the_other_as_it_was(world: World) -> None:
    cells = world.cells(SLIM2)
    world.run(cells)
    publish(world, SLIM2)
    old = members_of(index_of(world, "2.7-slim"))
    rebuild(world, cells[0].id)
    assert publish(world, SLIM2, rebuilds=Rebuilds.BASE).held_back == {}
    new = members_of(index_of(world, "2.7.18-slim"))
    assert new["linux/arm64"] == old["linux/arm64"]
    assert new["linux/amd64"] != old["linux/amd64"]


@pytest.mark.parametrize(
    ("rebuilds", "changed", "goes"),
    [
        (Rebuilds.NEVER, "base", False),
        (Rebuilds.BASE, "base", True),
        (Rebuilds.BASE, "execution", True),
        (Rebuilds.BASE, "wheels", False),
        (Rebuilds.ALWAYS, "wheels", True),
    ],
)
def test_tags_of_a_release_are_protected(world: World, rebuilds: Rebuilds, changed: str, *, goes: bool) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    before = tags(world)
    rebuild(world, SLIM2, changed)
    report = publish(world, SLIM2, rebuilds=rebuilds)
    assert (tags(world) != before) == goes
    assert (report.held_back == {}) == goes
    if not goes:
        held = report.held_back[SLIM2]
        assert "python:2.7.18-slim-bullseye and 3 more would change from sha256:" in held.reason
        assert "--allow-rebuild" in held.mend
        assert report.code is ExitCode.CELLS_FAILED


def test_a_ledger_that_knows_nothing_takes_what_is_there_for_what_it_is(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    before = tags(world)
    with world.shop.ledger.connection as connection:
        connection.execute("DELETE FROM sets")
    again = publish(world, SLIM2)
    assert (again.held_back, again.published, again.pushed) == ({}, (), 0)
    assert tags(world) == before


def test_what_a_killed_run_left_half_visible_is_finished_first_without_the_engine(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    rebuild(world, SLIM2)
    puts = 0

    class Killed(BaseException):
        """As a kill -9, but for the process."""

    def kill() -> None:
        nonlocal puts
        puts += not world.wire.puts[-1][1].startswith("sha256-")
        if puts == 3:
            raise Killed

    world.wire.watch = kill
    with pytest.raises(Killed):
        publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    world.wire.watch = lambda: None
    assert len(Journal(world.shop.ledger).unfinished(PLACE)) == 1
    world.engine.images_by_name.clear()
    report = publish(world, SLIM2)
    assert report.finished == (SLIM2,)
    assert report.held_back == {}
    assert len(set(tags(world).values())) == 1
    assert publish(world, SLIM2).published == ()


def test_a_roll_back_is_kept_until_it_is_said_again(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    old = tags(world)
    rebuild(world, SLIM2)
    number = world.shop.ledger.start_run("x")
    publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    new = tags(world)
    with open_registries(world.shop) as registries:
        publisher = publisher_of(world.shop, NAMES, registries)
        dry = take_back(publisher, 0, number + 1, {SLIM2}, dry_run=True)
        assert tags(world) == new
        done = take_back(publisher, number + 1, number + 1, {SLIM2})
        assert {one.reference for one in dry.published} == {one.reference for one in done.published}
        assert tags(world) == old
        with pytest.raises(UsageError, match="published none of these"):
            take_back(publisher, number + 1, number + 1, {SLIM2})
        with pytest.raises(UsageError, match="there is no run 999"):
            take_back(publisher, number + 1, 999, {SLIM2})
    held = publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    assert "rolled back" in held.held_back[SLIM2].reason
    assert tags(world) == old
    assert publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS, again=True).held_back == {}
    assert tags(world) == new


def test_what_is_said_of_an_image_is_attached_before_it_is_visible(world: World) -> None:
    world.run(world.cells(SLIM2))
    at_first_tag: list[set[str]] = []
    world.wire.watch = lambda: at_first_tag.append({name for _, name in world.wire.manifests})
    report = publish(world, SLIM2)
    # Nothing recorded the contents of these: that is told, and no SBOM is made up.
    assert any("there is no SBOM" in note for note in report.notes)
    assert at_first_tag


def test_without_attestations_nothing_is_attached(world: World) -> None:
    world.shop = dataclasses.replace(world.shop, settings=Settings(attestations=False))
    world.run(world.cells(SLIM2))
    assert publish(world, SLIM2).notes == ()


@pytest.fixture
def nights(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    given: Any = FakeIngredients()

    def prepare(_shop: Workshop, cells: Sequence[Cell], *, elsewhere: dict[str, str]) -> Prepared:
        present = dict(world.engine.images_by_name)
        published = {name: place.rpartition("@")[2] for name, place in elsewhere.items()}
        planned = world.plan(cells, present={**present, **published})
        return Prepared(planned=planned, farm=world.farm, bases=given, inputs=given, present=present)

    monkeypatch.setattr(nightly, "prepare", prepare)
    monkeypatch.setattr(nightly, "tidy", lambda _shop: 7)
    monkeypatch.setattr(ReleaseWatch, "start", lambda _: None)
    return world


def with_registry(world: World, registry: str | None) -> Workshop:
    return dataclasses.replace(world.shop, settings=Settings(registry=registry))


@pytest.mark.parametrize("registry", [None, ADDRESS])
def test_a_night_builds_proves_and_publishes_where_there_is_a_registry(nights: World, registry: str | None) -> None:
    night = run_nightly(with_registry(nights, registry), nights.cells(SLIM2), nights.board)
    assert night.code is ExitCode.DONE
    assert [result.ok for result in night.results] == [True, True]
    assert night.freed == 7
    assert (night.report is None) == (registry is None)
    assert len(tags(nights)) == (0 if registry is None else 6)
    codes = nights.shop.ledger.connection.execute("SELECT command, exit_code FROM runs ORDER BY id").fetchall()
    assert codes == [("nightly", 0)]
    assert len(Chronicle(nights.shop.ledger).publications(1)) == (0 if registry is None else 18)


def test_a_second_night_asks_for_every_tag_once_and_needs_no_image(nights: World) -> None:
    shop = with_registry(nights, ADDRESS)
    run_nightly(shop, nights.cells(SLIM2), nights.board)
    nights.engine.images_by_name.clear()
    requests, builds = len(nights.wire.requests), len(nights.builder.requests)
    night = run_nightly(shop, nights.cells(SLIM2), nights.board, Wishes())
    assert night.code is ExitCode.DONE
    assert all(result.done_before for result in night.results)
    assert len(nights.builder.requests) == builds
    assert {method for method, _ in nights.wire.requests[requests:]} == {"HEAD"}
    assert len(nights.wire.requests) - requests == 18
    assert night.freed == 0


def test_a_night_builds_anew_what_is_neither_here_nor_in_the_registry(nights: World) -> None:
    shop = with_registry(nights, ADDRESS)
    run_nightly(shop, nights.cells(SLIM2), nights.board)
    nights.engine.images_by_name.clear()
    nights.wire.manifests.clear()
    night = run_nightly(shop, nights.cells(SLIM2), nights.board, Wishes(rebuilds=Rebuilds.ALWAYS))
    assert not any(result.done_before for result in night.results)
    assert "2.7-slim" in tags(nights)


def test_a_night_that_is_interrupted_publishes_nothing_and_tells_what_it_reached(nights: World) -> None:
    nights.board.interrupt = "make"
    night = run_nightly(with_registry(nights, ADDRESS), nights.cells(SLIM2), nights.board)
    assert night.code is ExitCode.INTERRUPTED
    assert night.report is None
    assert len(night.results) == 2
    assert not any(result.ok for result in night.results)
    codes = nights.shop.ledger.connection.execute("SELECT command, exit_code FROM runs ORDER BY id").fetchall()
    assert codes == [("nightly", 130)]


def test_a_registry_that_is_refused_holds_back_what_it_is_asked_to_take(world: World) -> None:
    world.run(world.cells(SLIM2))
    said = {"errors": [{"code": "DENIED", "message": "not yours"}]}
    world.wire.refused["POST", "/v2/amd64/python/blobs/uploads/"] = httpx.Response(403, json=said)
    report = publish(world, SLIM2)
    assert report.code is ExitCode.UNREACHABLE
    assert "403 Forbidden (DENIED: not yours)" in report.held_back[SLIM2].reason
    assert json.dumps(tags(world)) == "{}"


def test_a_registry_that_stumbles_over_what_is_begun_holds_back_that_image_alone(world: World) -> None:
    world.run((*world.cells(SLIM2), *world.cells(SLIM3)))
    publish(world, SLIM2)
    rebuild(world, SLIM2)
    begun = begin(world, SLIM2)
    # What the set was made of is gone: it is given up, and what is proven is published.
    for digest in (begun.index.digest, *begun.digests):
        for repository in ("library/python", "amd64/python", "arm64v8/python"):
            world.wire.manifests.pop((repository, digest), None)
    report = publish(world, SLIM2, SLIM3, rebuilds=Rebuilds.ALWAYS)
    assert report.held_back == {}
    assert Journal(world.shop.ledger).unfinished(PLACE) == ()
    assert "3.9.2-slim" in tags(world)
    assert len(set(tags(world).values())) == 2


def begin(world: World, image: str) -> ImageSet:
    """Be killed before the first tag moves."""

    class Killed(BaseException):
        """As a kill -9, but for the process."""

    def kill() -> None:
        if not world.wire.puts[-1][1].startswith("sha256-"):
            raise Killed

    world.wire.watch = kill
    with pytest.raises(Killed):
        publish(world, image, rebuilds=Rebuilds.ALWAYS)
    world.wire.watch = lambda: None
    (begun,) = Journal(world.shop.ledger).unfinished(PLACE)
    return begun


def test_what_cannot_be_finished_now_waits_and_its_neighbours_do_not(world: World) -> None:
    world.run((*world.cells(SLIM2), *world.cells(SLIM3)))
    publish(world, SLIM2)
    rebuild(world, SLIM2)
    begin(world, SLIM2)
    denied = httpx.Response(403, json={"errors": [{"code": "DENIED", "message": "no"}]})
    world.wire.refused["PUT", "/v2/library/python/manifests/2.7.18-slim"] = denied
    report = publish(world, SLIM2, SLIM3)
    assert set(report.held_back) == {SLIM2}
    assert "cannot be finished: " in report.held_back[SLIM2].reason
    assert report.code is ExitCode.UNREACHABLE
    assert "3.9.2-slim" in tags(world)
    world.wire.refused.clear()
    assert publish(world, SLIM2).finished == (SLIM2,)


def test_a_roll_back_that_was_killed_is_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    old = tags(world)
    rebuild(world, SLIM2)
    run = world.shop.ledger.start_run("x") + 1
    publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    monkeypatch.setattr(Journal, "roll_back", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with open_registries(world.shop) as registries, pytest.raises(KeyboardInterrupt):
        take_back(publisher_of(world.shop, NAMES, registries), run, run, {SLIM2})
    monkeypatch.undo()
    with_wire(world, monkeypatch)
    report = publish(world, SLIM2, rebuilds=Rebuilds.BASE)
    assert report.finished == (SLIM2,)
    assert "rolled back" in report.held_back[SLIM2].reason
    assert tags(world) == old


def with_wire(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the registry on the wire again, after all that was replaced was put back."""
    connection: Any = world.engine
    monkeypatch.setattr(publication, "Registries", partial(Registries, http=world.wire.client))
    monkeypatch.setattr(Leader, "start", lambda _: None)
    monkeypatch.setattr(Workshop, "open_client", lambda _: connection)


def test_what_was_said_again_stays_said(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    rebuild(world, SLIM2)
    run = world.shop.ledger.start_run("x") + 1
    publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    with open_registries(world.shop) as registries:
        take_back(publisher_of(world.shop, NAMES, registries), run, run, {SLIM2})
    publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS, again=True)
    after = publish(world, SLIM2)
    assert (after.held_back, after.published) == ({}, ())


def test_a_roll_back_leads_to_the_set_before_not_to_what_half_was_there(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    old = tags(world)
    world.wire.manifests["library/python", "2.7-slim"] = world.wire.manifests["amd64/python", "2.7-slim"]  # drifted
    rebuild(world, SLIM2)
    run = world.shop.ledger.start_run("x") + 1
    publish(world, SLIM2, rebuilds=Rebuilds.ALWAYS)
    with open_registries(world.shop) as registries:
        take_back(publisher_of(world.shop, NAMES, registries), run, run, {SLIM2})
    assert tags(world) == old


def test_a_tag_that_was_set_meanwhile_is_not_overwritten(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    names = [name for (where, name) in world.wire.manifests if where == "library/python" and ":" not in name]
    for name in names:
        if not name.startswith("sha256-"):
            del world.wire.manifests["library/python", name]
    other = world.wire.manifests["amd64/python", "2.7-slim"]
    with open_registries(world.shop) as registries:
        publisher = publisher_of(world.shop, NAMES, registries)
        seen = Looked(heads=registries.heads([NAMES.of_index("2.7.18-slim")]))
        world.wire.manifests["library/python", "2.7.18-slim"] = other
        report = publisher.publish(world.shop.ledger.start_run("x"), [world.cells(SLIM2)[0].image], seen=seen)
    assert "would change" in report.held_back[SLIM2].reason
    assert world.wire.manifests["library/python", "2.7.18-slim"] == other


def test_an_image_that_was_refused_when_it_was_looked_at_again_is_not_published(world: World) -> None:
    world.run(world.cells(SLIM2))
    attempt = world.shop.ledger.newest(proven=True)[f"{SLIM2}-amd64"]
    run = world.shop.ledger.start_run("test")
    failed = ProofRecord(name="behaviour/tls", verdict="failed", detail="no", seconds=1.0)
    world.shop.ledger.examined(
        run, cell=attempt.cell, reference="r", digest=attempt.digest, execution="native", seconds=1.0, proofs=[failed]
    )
    held = publish(world, SLIM2).held_back[SLIM2]
    assert held.reason == f"the last attempt failed: {SLIM2}-amd64 (refused when it was proven again: behaviour/tls)"


def test_a_refusal_is_not_forgotten_for_an_attempt_that_was_stopped(world: World) -> None:
    world.run(world.cells(SLIM2))
    proven = world.shop.ledger.newest(proven=True)[f"{SLIM2}-amd64"]
    for kind in ("proof failed", "cancelled"):
        run = world.shop.ledger.start_run("build")
        start = Start(cell=proven.cell, key=proven.key, execution="native", log="", ingredients=proven.ingredients)
        number = world.shop.ledger.start_attempt(run, start)
        world.shop.ledger.failed(number, failure_class=kind, message="no", seconds=1)
    assert publish(world, SLIM2).held_back[SLIM2].reason == f"the last attempt failed: {SLIM2}-amd64 (proof failed)"


def test_a_disk_that_is_full_holds_back_the_image_that_it_met(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run((*world.cells(SLIM2), *world.cells(SLIM3)))
    bring = Content.bring

    def full(self: Content, cell: Cell, attempt: Attempt, *, known: str = "") -> Member:
        if cell.image.id == SLIM2:
            raise OSError(28, "No space left on device")
        return bring(self, cell, attempt, known=known)

    monkeypatch.setattr(Content, "bring", full)
    report = publish(world, SLIM2, SLIM3)
    assert set(report.held_back) == {SLIM2}
    assert report.code is ExitCode.ENVIRONMENT
    assert "3.9.2-slim" in tags(world)


def test_a_namespace_is_no_architecture(world: World) -> None:
    with pytest.raises(UsageError, match='"amd64" is the name of an architecture'):
        names_for(world.shop.matrix, ADDRESS, "amd64")


def test_what_is_published_is_signed_when_that_is_asked_for(world: World) -> None:
    world.run(world.cells(SLIM2))
    publish(world, SLIM2)
    done: list[str] = []

    class Beside:
        """Signs."""

        notes: ClassVar[list[str]] = []

        def __call__(self, whole: ImageSet, /) -> None:
            done.append(whole.image)

        def lacks(self, whole: ImageSet, /) -> bool:
            return whole.image not in done

    with open_registries(world.shop) as registries:
        publisher = dataclasses.replace(publisher_of(world.shop, NAMES, registries), beside=Beside())
        for _ in range(2):
            report = publisher.publish(world.shop.ledger.start_run("x"), [world.cells(SLIM2)[0].image])
            assert report.published == ()
    assert done == [SLIM2]


def test_a_night_finishes_first(nights: World) -> None:
    shop = with_registry(nights, ADDRESS)
    run_nightly(shop, nights.cells(SLIM2), nights.board)
    rebuild(nights, SLIM2)
    begin(nights, SLIM2)
    nights.board.interrupt = "make"
    rebuild_later = "ingredients = json_set(ingredients, '$.base', 'sha256:other'), key = key || '-other'"
    nights.change(rebuild_later, f"{SLIM2}%")
    night = run_nightly(shop, nights.cells(SLIM2), nights.board)
    assert night.code is ExitCode.INTERRUPTED
    assert len(set(tags(nights).values())) == 1
    assert Journal(nights.shop.ledger).unfinished(PLACE) == ()
