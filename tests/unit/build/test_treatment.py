"""What each class of failures deserves, and how long to wait before another try."""

from __future__ import annotations

from random import Random

import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.build.treatment import LONGEST, pause, treatment


def source(seed: int) -> Random:
    return Random(seed)


def test_every_class_has_a_treatment_with_one_sentence_for_people() -> None:
    for kind in FailureClass:
        reason = treatment(kind).reason
        assert len(reason) > 20, kind
        assert not reason.endswith("."), kind


def test_only_what_may_pass_is_tried_again() -> None:
    again = {kind: treatment(kind).again for kind in FailureClass}
    assert {kind for kind, times in again.items() if times is None} == {
        FailureClass.NETWORK,
        FailureClass.REGISTRY_BUSY,
        FailureClass.ENGINE_LOST,
    }
    assert {kind for kind, times in again.items() if times == 1} == {
        FailureClass.EMULATOR_CRASH,
    }
    assert set(again.values()) == {None, 0, 1}


@pytest.mark.parametrize(
    ("kind", "blame"),
    [
        (FailureClass.NETWORK, "network"),
        (FailureClass.REGISTRY_BUSY, "registry"),
        (FailureClass.ENGINE_LOST, "engine"),
        (FailureClass.DISK_FULL, "machine"),
        (FailureClass.EMULATOR_MISSING, "machine"),
        (FailureClass.COMPILE, "cell"),
        (FailureClass.UPSTREAM_GONE, "cell"),
    ],
)
def test_what_is_shared_is_blamed(kind: FailureClass, blame: str) -> None:
    assert treatment(kind).blames == blame


def test_pauses_double_and_keep_a_random_half() -> None:
    random = source(1)
    for tries, whole in enumerate((5, 10, 20, 40, 80, 160, 320, 600, 600), start=1):
        found = [pause(FailureClass.NETWORK, tries, None, random) for _ in range(50)]
        assert whole / 2 <= min(found) < max(found) <= whole
        assert max(found) - min(found) > whole / 4


def test_a_pause_is_the_same_for_the_same_random_source() -> None:
    one, other = ([pause(FailureClass.ENGINE_LOST, n, None, source(seed)) for n in (1, 2, 3)] for seed in (7, 7))
    assert one == other


def test_what_the_server_asked_for_wins_when_it_is_longer_and_is_capped() -> None:
    assert pause(FailureClass.REGISTRY_BUSY, 1, 67.5, source(1)) == 67.5
    assert pause(FailureClass.REGISTRY_BUSY, 5, 0.0003, source(1)) >= 80
    assert pause(FailureClass.REGISTRY_BUSY, 1, 86400.0, source(1)) == LONGEST
    assert pause(FailureClass.REGISTRY_BUSY, 5000, None, source(1)) <= LONGEST


def test_what_needs_no_patience_is_tried_at_once() -> None:
    assert pause(FailureClass.EMULATOR_CRASH, 1, None, source(1)) == 0
