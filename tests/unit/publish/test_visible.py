"""Whatever moment a set becomes visible at, or stops doing so, nobody sees half of it; and it can be finished or taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell, Image
from orchestrator.publish.finishing import Lead, finish, roll_back
from orchestrator.publish.index import make_index, members_of
from orchestrator.publish.model import ImageSet, Member, Provenance, Target
from orchestrator.publish.names import Names
from orchestrator.publish.visible import make_visible, verify
from orchestrator.publish.wanted import references, targets
from orchestrator.registry.archive import Manifest, saved
from orchestrator.registry.reference import Reference
from orchestrator.registry.registries import Registries
from orchestrator.system.retrying import Patience, Retries
from tests.unit.conftest import ROOT
from tests.unit.publish.fakes import FakeEngine, client_of, registries_on
from tests.unit.registry.test_distribution import push_archive
from tests.unit.registry.wire import ADDRESS, FakeWire

MATRIX = load_matrix(ROOT / "versions.json")
NAMES = Names(registry=ADDRESS, namespace="library", repository="python")
IMAGE = next(image for image in MATRIX.images if image.id == "3.7-slim-stretch")
CELLS = [cell for cell in MATRIX.cells if cell.image.id == IMAGE.id]


class Made:
    """A set whose content is in the registry, and what makes it visible."""

    def __init__(self, wire: FakeWire, generation: int, image: Image = IMAGE, cells: list[Cell] | None = None) -> None:
        self.wire, self.image, self.cells = wire, image, CELLS if cells is None else cells
        engine = FakeEngine()
        self.manifests: dict[str, Manifest] = {}
        members = []
        with registries_on(wire) as registries:
            one = registries.at(ADDRESS)
            for cell in self.cells:
                architecture = cell.architecture.platform.architecture
                engine.put(cell.id, generation, architecture=architecture)
                with saved(client_of(engine)(), cell.id) as archive:
                    own = f"{cell.architecture.name}/python"
                    manifest = push_archive(one, archive, engine.images_by_name[cell.id], repository=own)
                one.copy_manifest(own, "library/python", manifest)
                self.manifests[manifest.digest] = manifest
                members.append(_member(cell, manifest, architecture))
            self.index = make_index(members, Provenance(version=image.line.release))
            one.put_manifest("library/python", self.index.digest, self.index)
        self.members = tuple(members)
        self.manifests[self.index.digest] = self.index

    def whole(self, registries: Registries) -> ImageSet:
        heads = registries.heads(name for name, _, _ in references(NAMES, self.image, self.cells))
        some = targets(NAMES, self.image, self.cells, self.members, self.index.digest, heads)
        return ImageSet(
            image=self.image.id, registry=ADDRESS, members=self.members, index=self.index, targets=some, number=1, run=1
        )

    def reveal(self) -> ImageSet:
        with registries_on(self.wire) as registries:
            whole = self.whole(registries)
            make_visible(registries, whole.targets, self.manifests)
            verify(registries, whole.targets)
        return whole


def _member(cell: Cell, manifest: Manifest, architecture: str) -> Member:
    return Member(
        cell=cell.id, arch=cell.architecture.name, attempt=1, image=manifest.digest, digest=manifest.digest,
        media_type=manifest.media_type, size=len(manifest.raw), platform={"os": "linux", "architecture": architecture},
        created="2026-01-01T00:00:00Z",
    )  # fmt: skip


class Observer:
    """Looks at all tags after every change, as somebody who polls would, and says what is wrong with what it sees."""

    def __init__(self, wire: FakeWire, *sets: Made, ordered: bool = True) -> None:
        self.wire, self.sets, self.ordered = wire, sets, ordered
        self.looks = 0

    def __call__(self) -> None:
        self.looks += 1
        for made in self.sets:
            pairs = [set(one.manifests) - {one.index.digest} for one in self.sets]
            for tag, digest in self.wire.tags("library/python").items():
                _, raw = self.wire.manifests["library/python", digest]
                members = set(members_of(Manifest.of(raw)).values())
                assert members in pairs, f"{tag} is half filled"
                for member in members:
                    assert ("library/python", member) in self.wire.manifests
            if self.ordered and made is self.sets[-1]:
                self._order(made)

    def _order(self, made: Made) -> None:
        """A tag of an index means that the architectures' own are there; a moving one, that those of the release are."""
        new = [reference for reference, digest in self._state().items() if digest in made.manifests]
        for reference, _, release in references(NAMES, made.image, made.cells):
            if reference not in new:
                continue
            for other, cell, other_release in references(NAMES, made.image, made.cells):
                before = (
                    other_release
                    if not release
                    else (cell is not None and other.rpartition(":")[2] == reference.rpartition(":")[2])
                )
                if before and "/library/" in reference:
                    assert other in new, f"{reference} is there before {other}"

    def _state(self) -> dict[str, str]:
        return {
            f"{ADDRESS}/{repository}:{tag}": digest
            for repository in ("library/python", *(f"{cell.architecture.name}/python" for cell in CELLS))
            for tag, digest in self.wire.tags(repository).items()
        }


def leading(registries: Registries) -> Lead:
    def lead(some: Sequence[Target], manifests: Mapping[str, Manifest]) -> None:
        make_visible(registries, some, manifests)
        verify(registries, some)

    return lead


def state(wire: FakeWire) -> dict[tuple[str, str], str]:
    return {
        (repository, tag): digest
        for repository in ("library/python", "amd64/python", "arm64v8/python")
        for tag, digest in wire.tags(repository).items()
    }


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire()


def test_all_references_lead_to_their_set_and_are_read_back(wire: FakeWire) -> None:
    made = Made(wire, 1)
    observer = wire.watch = Observer(wire, made)
    whole = made.reveal()
    assert observer.looks == len(whole.targets) == 8 * 3
    assert {one.digest for one in whole.targets} == set(made.manifests)
    assert all(digest in made.manifests for digest in state(wire).values())
    assert len(state(wire)) == 24


def test_an_observer_only_sees_whole_sets_while_one_replaces_another(wire: FakeWire) -> None:
    old, new = Made(wire, 1), Made(wire, 2)
    old.reveal()
    observer = wire.watch = Observer(wire, old, new)
    new.reveal()
    assert observer.looks == 24
    assert {digest for (where, _), digest in state(wire).items() if where == "library/python"} == {new.index.digest}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=st.integers(min_value=0, max_value=60), data=st.data())
def test_a_cut_at_any_request_can_be_finished(left: int, data: st.DataObject) -> None:
    wire = FakeWire()
    old, new = Made(wire, 1), Made(wire, 2)
    old.reveal()
    wire.watch = Observer(wire, old, new)
    none = Retries(sleep=lambda _seconds: None, patience=Patience(attempts=1))
    with registries_on(wire) as registries:
        begun = new.whole(registries)
    wire.after = len(wire.requests) + left
    with registries_on(wire, none) as registries:
        try:
            make_visible(registries, begun.targets, new.manifests)
            verify(registries, begun.targets)
            whole = True
        except UnreachableError:
            whole = False
    assert whole == (left >= 48)
    wire.after = None
    with registries_on(wire) as registries:
        wire.watch = Observer(wire, old, new, ordered=False)
        if data.draw(st.booleans()):
            finish(registries, begun, leading(registries))
            wanted = {new.index.digest}
        else:
            roll_back(registries, begun, leading(registries))
            wanted = {old.index.digest}
    assert {digest for (where, _), digest in state(wire).items() if where == "library/python"} == wanted


def test_what_somebody_else_led_elsewhere_is_left_alone(wire: FakeWire) -> None:
    old, new, theirs = Made(wire, 1), Made(wire, 2), Made(wire, 3)
    old.reveal()
    with registries_on(wire) as registries:
        begun = new.whole(registries)
        theirs.reveal()
        before = state(wire)
        assert len(finish(registries, begun, leading(registries)).moved) == 24
        done = roll_back(registries, begun, leading(registries))
    assert len(done.left) == 24
    assert state(wire) == before


@pytest.mark.parametrize("removes", [True, False])
def test_a_first_set_is_taken_back_as_far_as_the_registry_removes_tags(*, removes: bool) -> None:
    wire = FakeWire(removes=removes)
    whole = Made(wire, 1).reveal()
    with registries_on(wire) as registries:
        done = roll_back(registries, whole, leading(registries))
    assert len(done.removed) == (24 if removes else 0)
    assert len(done.left) == (0 if removes else 24)
    assert len(state(wire)) == (0 if removes else 24)


def test_an_index_that_leads_elsewhere_afterwards_is_told(wire: FakeWire) -> None:
    made = Made(wire, 1)
    whole = made.reveal()
    wrong = replace(whole.targets[0], digest="sha256:other")
    with registries_on(wire) as registries, pytest.raises(VerificationError, match="leads to sha256"):
        verify(registries, [wrong])


def test_references_are_taken_apart_as_docker_does_it() -> None:
    plain = Reference.parse("python:3.7")
    assert (plain.repository, plain.tag, plain.wanted) == ("library/python", "3.7", "3.7")
    full = Reference.parse("localhost:5000/a/b@sha256:x")
    assert (full.registry, full.repository, full.digest, full.wanted) == (
        "localhost:5000",
        "a/b",
        "sha256:x",
        "sha256:x",
    )
    assert str(full) == "localhost:5000/a/b@sha256:x"
    assert Reference.parse("localhost:5000/a").wanted == "latest"
