"""The order of publishing, and that a half-published image stays invisible behind its moving tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UnreachableError, VerificationError
from orchestrator.ledger.records import Attempt, State
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Cell, Image
from orchestrator.publish.names import Names, release_first
from orchestrator.publish.publish import publish_image
from tests.unit.conftest import ROOT
from tests.unit.publish.fakes import FakeEngine, registry_of

MATRIX = load_matrix(ROOT / "versions.json")
NAMES = Names(registry="localhost:5000", namespace="library", repository="python")


def image_of(word: str) -> Image:
    return next(image for image in MATRIX.images if image.id == word)


def attempt(cell: Cell, number: int) -> Attempt:
    return Attempt(
        id=number, run=1, cell=cell.id, key="k", state=State.PROVEN, execution="native", reference=f"local/{cell.id}:k",
        digest=f"sha256:{number}", size=1, started="", seconds=1.0, log="", failure_class="", message="", ingredients={},
    )  # fmt: skip


def proven_of(image: Image, engine: FakeEngine) -> dict[str, tuple[Cell, Attempt]]:
    found = {}
    for number, cell in enumerate((cell for cell in MATRIX.cells if cell.image.id == image.id), start=1):
        one = attempt(cell, number)
        engine.images_by_name[one.reference] = one.digest
        found[cell.architecture.name] = (cell, one)
    return found


def publish(image: Image, engine: FakeEngine) -> list[str]:
    return [
        one.reference
        for one in publish_image(image, proven_of(image, engine), names=NAMES, registry=registry_of(engine))
    ]


@given(st.sampled_from(MATRIX.images))
def test_every_tag_is_published_for_every_architecture_and_as_an_index(image: Image) -> None:
    engine = FakeEngine()
    published = publish(image, engine)
    tags = [*image.tags, *image.shared_tags]
    wanted = {f"localhost:5000/{where}/python:{tag}" for where in ("amd64", "arm64v8", "library") for tag in tags}
    assert set(published) == wanted
    assert len(published) == len(wanted)
    assert set(engine.registry) == wanted
    assert {len(members) for members in engine.indexes.values()} == {2}


@given(st.sampled_from(MATRIX.images))
def test_release_tags_come_before_moving_ones_and_architectures_before_their_index(image: Image) -> None:
    engine = FakeEngine()
    publish(image, engine)
    release = image.line.release
    names = [(name.split("/")[1], name.rpartition(":")[2]) for name in engine.log]
    moving = [not (tag == release or tag.startswith(f"{release}-")) for _, tag in names]
    assert moving == sorted(moving)
    assert any(moving)
    assert not all(moving)
    for at, (where, tag) in enumerate(names):
        if where == "library":
            assert {("amd64", tag), ("arm64v8", tag)} <= set(names[:at])


@given(st.sampled_from(MATRIX.images))
def test_the_order_of_tags_puts_the_release_first_and_keeps_the_rest(image: Image) -> None:
    ordered = release_first(image)
    tags = [*image.tags, *image.shared_tags]
    release = [tag for tag in tags if image.line.release in tag]
    assert list(ordered) == release + [tag for tag in tags if tag not in release]


def test_what_had_to_be_repeated_is_counted_where_it_was() -> None:
    engine = FakeEngine()
    image = image_of("3.7-slim-stretch")
    engine.trouble["localhost:5000/arm64v8/python:3.7-slim"] = ["EOF", "503 Service Unavailable"]
    found = list(publish_image(image, proven_of(image, engine), names=NAMES, registry=registry_of(engine)))
    assert {one.reference: one.retries for one in found if one.retries} == {"localhost:5000/arm64v8/python:3.7-slim": 2}


def test_members_of_an_index_are_named_by_the_proven_digests() -> None:
    engine = FakeEngine()
    publish(image_of("3.7-slim-stretch"), engine)
    assert engine.indexes["localhost:5000/library/python:3.7-slim"] == [
        "localhost:5000/amd64/python:3.7-slim@sha256:1",
        "localhost:5000/arm64v8/python:3.7-slim@sha256:2",
    ]


def test_a_registry_that_has_something_else_is_refused_before_any_index() -> None:
    engine = FakeEngine()
    image = image_of("3.7-slim-stretch")
    engine.rewrites.add("localhost:5000/arm64v8/python:3.7.2-slim-stretch")
    with pytest.raises(VerificationError, match="points at sha256:2-rewritten after pushing sha256:2"):
        publish(image, engine)
    assert engine.indexes == {}
    assert not any(name.endswith((":3.7-slim", ":slim")) for name in engine.registry)


def test_a_crash_between_tags_leaves_the_moving_tags_where_they_were() -> None:
    engine = FakeEngine()
    image = image_of("3.7-slim-stretch")
    engine.trouble["localhost:5000/arm64v8/python:3.7.2-slim"] = ["EOF"] * 99
    with pytest.raises(UnreachableError):
        publish(image, engine)
    assert {name.rpartition(":")[2] for name in engine.registry} == {"3.7.2-slim-stretch", "3.7.2-slim"}
    engine.trouble.clear()
    again = FakeEngine()
    again.registry = engine.registry
    publish(image, again)
    assert {name.rpartition(":")[2] for name in again.indexes} == set(release_first(image))
