"""What a night sees in the registry before it does anything."""

from __future__ import annotations

import dataclasses

import pytest

from orchestrator.config.settings import Settings
from orchestrator.pipeline.nightly import Seen, look
from orchestrator.pipeline.publication import open_registries, publish_images, publisher_of
from orchestrator.system.progress import Silent
from tests.unit.pipeline.fakes import NAMES, World
from tests.unit.registry.wire import ADDRESS

IMAGE = "2.7-slim-bullseye"


class Told(Silent):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def published(world: World) -> World:
    """Both architectures of an image are published, and no longer in the engine."""
    world.run(world.cells(IMAGE))
    image = world.cells(IMAGE)[0].image
    assert publish_images(world.shop, (image,), NAMES).published
    world.engine.images_by_name.clear()
    return world


def seen(world: World) -> tuple[Seen, list[str]]:
    """Look, as a run that has just begun does."""
    told = Told()
    shop = dataclasses.replace(world.shop, settings=Settings(registry=ADDRESS), progress=told)
    with open_registries(shop) as registries:
        return look(shop, publisher_of(shop, NAMES, registries), 1), told.warnings


def places(world: World) -> dict[str, str]:
    """Where the proven images can be pulled from."""
    proven = world.shop.ledger.newest(proven=True)
    return {
        one.reference: f"{NAMES.of_cell(cell, 'x').removesuffix(':x')}@{one.digest}"
        for cell in world.cells(IMAGE)
        for one in [proven[cell.id]]
    }


def test_what_is_published_can_be_had_from_there(published: World) -> None:
    found, warnings = seen(published)
    assert found.elsewhere == places(published)
    assert len(found.elsewhere) == 2
    assert all(found.looked.heads.values())
    assert warnings == []


def test_a_tag_that_somebody_led_elsewhere_does_not_make_images_be_built_again(published: World) -> None:
    manifests = published.wire.manifests
    manifests["library/python", "2.7-slim"] = manifests["amd64/python", "2.7-slim"]
    del manifests["arm64v8/python", "2-slim"]
    found, _ = seen(published)
    assert found.elsewhere == places(published)


def test_an_image_that_no_tag_of_its_own_leads_to_is_not_there(published: World) -> None:
    for repository, name in tuple(published.wire.manifests):
        if repository == "arm64v8/python" and ":" not in name:
            del published.wire.manifests[repository, name]
    found, _ = seen(published)
    assert [place.partition("@")[0] for place in found.elsewhere.values()] == [f"{ADDRESS}/amd64/python"]


def test_a_registry_that_does_not_answer_is_held_to_have_what_was_published(published: World) -> None:
    published.wire.after = 0
    found, warnings = seen(published)
    assert found.elsewhere == places(published)
    assert found.looked.heads == {}
    (warning,) = warnings
    assert "connection refused" in warning
    assert warning.endswith("what changed is built all the same")


def test_where_nothing_was_published_nobody_is_asked(world: World) -> None:
    world.run(world.cells(IMAGE))
    before = len(world.wire.requests)
    assert seen(world) == (Seen(), [])
    assert len(world.wire.requests) == before
