"""What a killed run left behind is known by its owner; what somebody works with is not touched."""

from __future__ import annotations

import os
import platform

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.prove.containers.owners import (
    LABEL,
    OWNER,
    SCRATCH,
    from_tag,
    labels,
    scratch_reference,
    sweep,
)
from orchestrator.system.owners import owner
from tests.unit.prove.engine import FakeContainer, FakeEngine, refusal
from tests.unit.prove.images import CELLS

CELL = CELLS["3.7-slim-stretch-arm64v8"]
HOST = platform.node()
DEAD = [f"{HOST}:{os.getpid()}:1", f"{HOST}:999999999:5"]
ALIVE = [owner(), owner(1), "elsewhere:1:2", "", f"{HOST}:x:1"]


def left(engine: FakeEngine, whose: str) -> FakeContainer:
    return FakeContainer(engine, "image", {}, labels={OWNER: whose} if whose else {})


def test_an_owner_is_host_process_and_its_start() -> None:
    host, number, start = owner().split(":")
    assert (host, number) == (HOST, str(os.getpid()))
    assert int(start) > 0
    assert owner(999999999) == ""
    assert labels(CELL) == {LABEL: CELL.id, OWNER: owner()}


def test_only_containers_of_dead_runs_of_this_host_are_removed() -> None:
    engine = FakeEngine()
    engine.left = [left(engine, whose) for whose in (*DEAD, *ALIVE)]
    assert sweep(engine.client) == 2
    assert [one.removed for one in engine.left] == [1, 1, 0, 0, 0, 0, 0]


def test_only_scratch_images_of_dead_runs_are_removed() -> None:
    engine = FakeEngine("debian:stretch", f"{SCRATCH}/x:notag", scratch_reference(CELL, "app"))
    for whose in (*DEAD, *(one for one in ALIVE if one)):
        engine.names[f"{SCRATCH}/x-app:{whose.replace(':', '_')}"] = "sha256:1"
    before = len(engine.names)
    assert sweep(engine.client) == 2
    assert len(engine.names) == before - 2
    assert scratch_reference(CELL, "app") in engine.names


def test_what_cannot_be_removed_does_not_stop_the_others() -> None:
    engine = FakeEngine()
    engine.left = [left(engine, DEAD[0]), left(engine, DEAD[1])]
    engine.names[f"{SCRATCH}/x-app:{DEAD[0].replace(':', '_')}"] = "sha256:1"
    engine.trouble = {"remove": refusal("in progress"), "remove image": refusal("in use")}
    assert sweep(engine.client) == 0
    assert [one.removed for one in engine.left] == [1, 1]


def test_a_scratch_reference_says_whose_it_is() -> None:
    reference = scratch_reference(CELL, "base")
    name, _, tag = reference.rpartition(":")
    assert name == f"{SCRATCH}/{CELL.id}-base"
    assert from_tag(tag) == owner()


@given(st.from_regex(r"[a-zA-Z0-9._-]{1,20}", fullmatch=True), st.integers(1, 1 << 22), st.integers(0, 1 << 40))
def test_an_owner_goes_through_a_tag_and_back(host: str, process: int, start: int) -> None:
    whose = f"{host}:{process}:{start}"
    assert from_tag(whose.replace(":", "_")) == whose


@pytest.mark.parametrize("tag", ["latest", "", "1_2", "<none>"])
def test_another_tag_has_no_owner(tag: str) -> None:
    assert from_tag(tag) == ""
