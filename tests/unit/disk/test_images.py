"""Staging references are told from all others, and removed only while they mean what was decided about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.disk.images import find_images, remove_image
from orchestrator.errors import EnvironmentFailedError
from tests.unit.disk.fakes import FakeImages

ONE, TWO = "sha256:" + 64 * "1", "sha256:" + 64 * "2"
STAGED = "orchestrator.local/python/3.7-slim-stretch-amd64:0123456789ab"


def test_only_staging_references_are_found_and_the_others_told_with_them() -> None:
    images = FakeImages(
        {
            STAGED: ONE,
            "amd64/python:3.7-slim": ONE,
            "localhost:5000/python:3.7": ONE,
            "debian:stretch": TWO,
            "orchestrator.local/proof/3.7-slim-stretch-amd64-app:host_12_34": TWO,
            "orchestrator.local/python/3.7-slim-stretch-amd64:latest": TWO,
        },
        times={ONE: "2026-11-25T15:31:00.468239336Z"},
    )
    (found,) = find_images(images.client)
    assert (found.reference, found.cell, found.key, found.digest, found.size) == (
        STAGED, "3.7-slim-stretch-amd64", "0123456789ab", ONE, 100,
    )  # fmt: skip
    assert found.others == ("amd64/python:3.7-slim", "localhost:5000/python:3.7")
    assert found.digests == {ONE}
    assert images.asked == [ONE]


def test_an_image_is_as_old_as_its_name_not_as_its_config_says() -> None:
    images = FakeImages({STAGED: ONE}, times={ONE: "2026-11-25T15:31:00.468239336Z"})
    assert find_images(images.client)[0].tagged == datetime(2026, 11, 25, 15, 31, 0, 468239, tzinfo=UTC)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "", "yesterday", "2026-11-25T15:31:00"]
)
def test_an_engine_that_does_not_know_the_age_is_not_believed(time: str) -> None:
    assert find_images(FakeImages({STAGED: ONE}, times={ONE: time}).client)[0].tagged is None


def test_removing_takes_the_reference_and_leaves_the_others() -> None:
    images = FakeImages({STAGED: ONE, "mine:1": ONE})
    assert remove_image(images.client, STAGED, ONE)
    assert images.by_reference == {"mine:1": ONE}


def test_what_was_built_anew_under_the_name_stays() -> None:
    images = FakeImages({STAGED: TWO})
    assert not remove_image(images.client, STAGED, ONE)
    assert images.by_reference == {STAGED: TWO}
    assert not remove_image(images.client, "orchestrator.local/python/gone:0123456789ab", ONE)


def test_what_a_container_uses_stays_and_is_told() -> None:
    images = FakeImages({STAGED: ONE}, used={STAGED})
    with pytest.raises(EnvironmentFailedError, match="container 12ab is using it"):
        remove_image(images.client, STAGED, ONE)
    assert images.by_reference == {STAGED: ONE}
