"""Checks that ask servers: one change of the world for each code, and no other shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.config.settings import BasePolicy
from orchestrator.lint.catalogue import CATALOGUE
from tests.unit.lint.ground import Project
from tests.unit.lint.world import MIRROR, WHEEL, World, world

Change = Callable[[World, Project], object]


def _everything_is_there(document: dict[str, Any]) -> None:
    pinned = hashlib.sha256(WHEEL).hexdigest()
    for line in document["lines"].values():
        for pin in (line["pip"], line["setuptools"], line["wheel"], *line.get("extras", ())):
            pin["sha256"] = pinned
    document["lines"]["2.7"]["source"]["pool"] = "pool/main/p/python2.7/python2.7_2.7.15.orig.tar.xz"


@pytest.fixture
def online(ground: Project) -> tuple[World, Project]:
    ground.data(_everything_is_there)
    ground.settle()
    made = world()
    ground.outside = made.outside()
    return made, ground


def pin(project: Project) -> None:
    project.data(lambda it: it["lines"]["2.7"]["extras"][0].update(sha256="0" * 64))
    project.settle()


def silence_pip(around: World) -> None:
    around.wheels.clear()
    around.said = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken"


def unarchive(project: Project) -> None:
    project.data(lambda it: it["suites"]["stretch"].pop("archived"))
    project.settle()


CHANGES: list[tuple[set[str], Change]] = [
    ({"R211"}, lambda it, _: it.absent.add("https://docs.python.org/3/library/zlib.html")),
    ({"A403"}, lambda it, _: it.indexes.pop("alpine:3.6")),
    ({"A404"}, lambda it, _: it.indexes["debian:stretch-slim"].remove("linux/arm64/v8")),
    ({"A405"}, lambda it, _: it.indexes["alpine:3.6"].add("linux/arm/v7")),
    ({"U610"}, lambda it, _: it.absent.add("https://www.python.org/ftp/python/3.5.6/")),
    ({"U611"}, lambda it, _: it.absent.add(f"{MIRROR}/pool/main/p/python2.7/")),
    ({"U612", "U605"}, lambda _, project: unarchive(project)),
    ({"U613"}, lambda it, _: it.absent.clear()),
    ({"U614"}, lambda it, _: it.wheels.remove("virtualenv")),
    ({"U614"}, lambda _, project: pin(project)),
    ({"U690"}, lambda it, _: it.silent.add("localhost:5000")),
    ({"U690"}, lambda it, _: it.silent.add("www.python.org")),
    ({"U690"}, lambda it, _: silence_pip(it)),
    (set(), lambda it, _: it.refusing.add("https://docs.python.org/")),
    (set(), lambda it, _: it.indexes["debian:stretch-slim"].add("linux/riscv64")),
]


def test_nothing_is_to_be_said_of_the_world(online: tuple[World, Project]) -> None:
    assert online[1].findings() == ()


@pytest.mark.parametrize(("codes", "change"), CHANGES)
def test_a_change_of_the_world_shows_under_its_code(
    online: tuple[World, Project], codes: set[str], change: Change
) -> None:
    around, project = online
    change(around, project)
    assert project.codes() == codes
    for one in project.findings():
        assert one.spot.mend


def test_every_online_code_has_a_change_of_its_own() -> None:
    assert set().union(*(codes for codes, _ in CHANGES)) >= {check.code for check in CATALOGUE if check.online}


def test_each_address_is_asked_once_and_a_silent_host_is_waited_for_once(online: tuple[World, Project]) -> None:
    around, project = online
    around.silent.add("docs.python.org")
    project.findings()
    silent = [one for one in around.asked if one.startswith("https://docs.python.org/")]
    assert len(silent) == 2  # the two tries of one address; the other hundred are not asked for
    others = [one for one in around.asked if not one.startswith("https://docs.python.org/") and "/v2/" not in one]
    assert len(others) == len(set(others))
    assert not any("#" in one for one in around.asked)


def test_servers_that_are_silent_for_the_same_reason_are_told_together(online: tuple[World, Project]) -> None:
    around, project = online
    around.silent |= {"www.python.org", "docs.python.org"}
    (found,) = project.findings()
    assert found.spot.message.startswith("docs.python.org, www.python.org could not be asked: no connection")


def test_a_machine_that_makes_its_bases_asks_no_registry(online: tuple[World, Project]) -> None:
    around, project = online
    around.indexes.clear()
    assert project.codes() == {"A403"}
    project.outside = around.outside()
    project.outside.bases = BasePolicy.BOOTSTRAP
    assert project.codes() == set()


def test_a_host_without_a_mirror_is_not_asked_for_suites(online: tuple[World, Project]) -> None:
    around, project = online
    around.absent.clear()
    project.outside = around.outside()
    project.outside.mirror = None
    assert project.codes() == set()
    assert not any(one.startswith(MIRROR) for one in around.asked)


def test_an_index_without_a_platform_is_taken_as_unknown(online: tuple[World, Project]) -> None:
    around, project = online
    around.indexes["alpine:3.6"] = set()
    assert project.codes() == set()


def test_a_reference_that_is_none_could_not_be_asked(online: tuple[World, Project]) -> None:
    around, project = online
    project.outside = around.outside()
    project.outside.base_registry = "-no.example.org"
    assert project.codes() == {"U690"}
