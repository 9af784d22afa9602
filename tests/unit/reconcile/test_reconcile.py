"""From end to end, against a registry in memory: how many requests, what is asked of an engine, what stumbling costs, what is written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.bases.oci import write_layout
from orchestrator.bases.shelf import Record, Slot
from orchestrator.config.settings import Rebuilds
from orchestrator.errors import EnvironmentFailedError, ExitCode
from orchestrator.ledger.chronicle import Chronicle
from orchestrator.ledger.opening import open_ledger
from orchestrator.matrix.model import Matrix
from orchestrator.pipeline.lock import run_lock
from orchestrator.pipeline.outcome import Report
from orchestrator.publish.finishing import roll_back
from orchestrator.publish.model import Held
from orchestrator.reconcile import mending
from orchestrator.reconcile.expecting import expect
from orchestrator.reconcile.looking import Look
from orchestrator.reconcile.mending import Mender
from orchestrator.reconcile.model import Kind
from orchestrator.reconcile.reconcile import Fix
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.unit.publish.fakes import registries_on
from tests.unit.publish.test_visible import leading
from tests.unit.reconcile.world import World, kinds
from tests.unit.registry.wire import ADDRESS, FakeWire

IMAGE, OTHER = "3.9-slim-bullseye", "2.7-slim-bullseye"
AMD, ARM = f"{IMAGE}-amd64", f"{IMAGE}-arm64v8"


class Told(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, message: str, /) -> None:
        self.lines.append(message)

    def warn(self, message: str, /) -> None:
        self.lines.append(f"warning: {message}")


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire()


@pytest.fixture
def world(wire: FakeWire, tmp_path: Path, debian_matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    places = Places(cache=tmp_path / "cache", state=tmp_path / "state")
    with registries_on(wire) as registries:
        yield World(
            matrix=debian_matrix,
            places=places,
            address=ADDRESS,
            registries=registries,
            http=wire.client,
            progress=Told(),
        )


def said(world: World) -> str:
    assert isinstance(world.progress, Told)
    return "\n".join(world.progress.lines)


def test_a_look_at_all_is_a_head_for_each_tag_and_member_and_a_list_for_each_repository(
    world: World, wire: FakeWire
) -> None:
    world.all_published()
    wire.requests.clear()
    found = world.reconcile()
    assert (found.findings, found.code) == ((), ExitCode.DONE)
    methods = [method for method, _ in wire.requests]
    assert methods.count("HEAD") == found.checked + len(world.matrix.cells) == 84 + 8
    assert {path.rpartition("/")[2] for method, path in wire.requests if method == "GET"} == {"list"}
    assert len(wire.requests) == found.requests


def test_nothing_is_written_without_fix(world: World, wire: FakeWire) -> None:
    world.all_published(IMAGE)
    world.tag(world.names.of_index("slim"), world.push("library/python"))
    with world.ledger() as ledger:
        runs = len(Chronicle(ledger).runs())
    wire.requests.clear()
    assert world.reconcile(IMAGE).findings
    assert {method for method, _ in wire.requests} == {"HEAD", "GET"}
    with world.ledger() as ledger:
        assert len(Chronicle(ledger).runs()) == runs


def test_a_fix_with_nothing_to_mend_is_a_run_that_sends_nothing(world: World, wire: FakeWire) -> None:
    world.all_published(IMAGE)
    wire.requests.clear()
    assert world.reconcile(IMAGE, fix=Fix()).code is ExitCode.DONE
    assert {method for method, _ in wire.requests} == {"HEAD"}
    with world.ledger() as ledger:
        (run, *_) = Chronicle(ledger).runs()
    assert (run.command, run.exit_code) == ("reconcile", 0)


def test_a_registry_that_stumbles_is_asked_again(world: World, wire: FakeWire) -> None:
    world.all_published(IMAGE)
    world.tag(world.names.of_index("slim"), world.push("library/python"))
    wire.rate = 0.03
    found = world.reconcile(IMAGE, fix=Fix())
    assert wire.failures
    assert (found.findings, len(found.fixed)) == ((), 2)
    assert "try 2 in" in said(world)


def test_a_second_run_is_waited_for_or_not(world: World) -> None:
    with run_lock(world.places, Silent(), command="nightly"):
        with pytest.raises(EnvironmentFailedError, match="another run is at work"):
            world.reconcile(IMAGE, fix=Fix(wait=False))
        assert world.reconcile(IMAGE).findings
    assert "a run is at work since" in said(world)


def test_what_is_nowhere_in_the_registry_is_asked_of_an_engine(
    world: World, wire: FakeWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.all_published(IMAGE, OTHER)
    gone = world.published(IMAGE).members[0]
    for key in [
        key for key, (_, raw) in wire.manifests.items() if gone.digest.encode() in raw or key[1] == gone.digest
    ]:
        del wire.manifests[key]
    for repository in ("amd64/python", "library/python"):
        for tag, digest in wire.tags(repository).items():
            if digest == gone.digest:
                del wire.manifests[repository, tag]
    asked: list[Any] = []

    @contextlib.contextmanager
    def workshop() -> Iterator[str]:
        yield "a workshop"

    def publish_images(shop: str, images: Any, _names: Any, *, rebuilds: Rebuilds, run: int) -> Report:
        asked.append((shop, [image.id for image in images], rebuilds, run > 0))
        return Report(published=(), held_back={IMAGE: Held(reason="not there", mend="build")}, code=ExitCode.DONE)

    monkeypatch.setattr(mending, "publish_images", publish_images)
    with open_ledger(world.places.ledger) as ledger:
        mender = Mender(
            matrix=world.matrix, names=world.names, ledger=ledger, registries=world.registries,
            progress=world.progress, workshop=workshop,  # type: ignore[arg-type]
        )  # fmt: skip
        expected = expect(world.matrix, [world.image(IMAGE)], world.names, ledger)
        findings = world.reconcile(IMAGE).findings
        assert {one.kind for one in findings} == {Kind.MISSING}
        mender.mend(ledger.start_run("reconcile"), expected, findings, remove_extra=False)
    assert asked == [("a workshop", [IMAGE], Rebuilds.BASE, True)]
    assert "an engine is asked for it" in said(world)
    assert f"warning: {IMAGE} is not published: not there; build" in said(world)


def test_a_base_on_this_machine_is_compared_with(world: World, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar"
    layer.write_bytes(b"x" * 1024)
    for cell in world.cells(IMAGE):
        slot = Slot(root=world.places.bases, reference=cell.image.variant.base, architecture=cell.architecture.name)
        made = tmp_path / cell.id
        made.mkdir()
        written = write_layout(made, layer=layer, platform=cell.architecture.platform, created=0, comment="x")
        slot.place(made, written.digest)
        slot.write(
            Record(
                reference=slot.reference, architecture=slot.architecture, digest=written.digest, release="", recipe="",
                built=0.0, checked=0.0, size=1, seconds=1.0,
            )
        )  # fmt: skip
        world.prove(cell, base=written.digest if cell.id == AMD else "sha256:older")
    world.publish(IMAGE)
    (stale,) = world.reconcile(IMAGE).findings
    assert (stale.kind, stale.cell, stale.seen) == (Kind.STALE, ARM, "sha256:older")
    assert stale.mend == f"orchestrator build {IMAGE}, then orchestrator publish {IMAGE}"
    assert world.reconcile(IMAGE, fix=Fix()).findings == (stale,), "nothing is built"


def test_a_former_release_is_not_taken_for_todays(world: World, wire: FakeWire) -> None:
    """The journal's set is of the release before: its moving tags count, its release's tags are not put on today's."""
    world.all_published(IMAGE)
    with world.ledger() as ledger, ledger.connection as connection:
        connection.execute("UPDATE sets SET targets = replace(targets, ':3.9.2-', ':3.9.1-')")
        connection.execute('UPDATE attempts SET ingredients = \'{"dockerfile": "that of 3.9.1"}\'')
    for repository, name in [key for key in wire.manifests if key[1].startswith("3.9.2-")]:
        wire.manifests[repository, name.replace("3.9.2", "3.9.1")] = wire.manifests.pop((repository, name))
    world.tag(world.names.of_index("slim"), world.push("library/python"))
    found = world.reconcile(IMAGE)
    told = kinds(found.findings)
    assert len(told[Kind.MISSING]) == 6
    assert all(":3.9.2-" in name for name in told[Kind.MISSING])
    assert {one.expected for one in found.findings if one.kind is Kind.MISSING} == {None}
    assert told[Kind.DRIFTED] == ["library/python:slim"]
    fixed = world.reconcile(IMAGE, fix=Fix())
    assert kinds(fixed.findings) == {Kind.MISSING: told[Kind.MISSING]}
    assert world.head(world.names.of_index("slim")) == world.published(IMAGE).index.digest


def test_what_was_rolled_back_is_not_wanted_again(world: World) -> None:
    cells = world.cells(IMAGE)
    for cell in cells:
        world.prove(cell)
    world.publish(IMAGE)
    before = world.published(IMAGE)
    world.prove(cells[0])
    world.publish(IMAGE)
    with world.ledger() as ledger:
        now = world.published(IMAGE)
        done = roll_back(world.registries, now, leading(world.registries))
        run = ledger.start_run("rollback")
        world.publisher(ledger).journal.roll_back(
            now.number, run, [(one.reference, one.digest) for one in done.published]
        )
    assert world.published(IMAGE).number == before.number
    assert world.reconcile(IMAGE).findings == ()


def test_long_looks_are_told(world: World, wire: FakeWire) -> None:
    world.all_published()
    ticks = iter(range(0, 10_000, 3))
    with world.ledger() as ledger:
        expected = expect(world.matrix, world.matrix.images, world.names, ledger) * 4
        look = Look(
            registries=world.registries, names=world.names, recall=lambda _: (), progress=world.progress,
            clock=lambda: float(next(ticks)),
        )  # fmt: skip
        seen = look.at(expected)
    assert len(seen.heads) == 84
    assert "looked at 84 of 336 references" in said(world)
    assert not wire.failures


def test_who_we_are_is_told_to_the_registry_alone(
    world: World, wire: FakeWire, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.all_published(IMAGE)
    world.tag(world.names.of_index("slim"), world.push("library/python"))
    secret = "c3VwZXI6c2VjcmV0LXdvcmQ="  # noqa: S105 - made up
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {ADDRESS: {"auth": secret}}}))
    wire.asks_for = "the-token"
    wire.rate = 0.03
    found = world.reconcile(IMAGE, fix=Fix())
    assert found.findings == ()
    wire.refused["HEAD", "/v2/amd64/python/manifests/slim"] = httpx.Response(403)
    with pytest.raises(Exception, match="cannot be read") as refused:
        world.reconcile(IMAGE)
    out, err = capsys.readouterr()
    files = b"".join(path.read_bytes() for path in world.places.state.rglob("*") if path.is_file())
    everything = f"{found}{said(world)}{refused.value}{out}{err}".encode() + files
    for word in (secret, "secret-word", "the-token"):
        assert word.encode() not in everything
