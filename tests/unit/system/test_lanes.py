from __future__ import annotations

import threading
import time

import pytest

from orchestrator.system.lanes import side_by_side


def test_results_are_in_the_order_of_the_items() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (5 - number))
        return number * 2

    assert side_by_side(work, range(5), lanes=3, cancel=lambda: None) == (0, 2, 4, 6, 8)
    assert side_by_side(work, (), lanes=3, cancel=lambda: None) == ()


def test_no_more_lanes_than_wanted() -> None:
    threads: set[int] = set()
    together = threading.Barrier(2)

    def work(_: int) -> None:
        together.wait(30)
        threads.add(threading.get_ident())

    side_by_side(work, range(6), lanes=2, cancel=lambda: None)
    assert len(threads) == 2


def test_an_interrupt_does_not_wait_for_a_server_that_stalls() -> None:
    stalled, cancelled, begun = threading.Event(), threading.Event(), []

    def work(number: int) -> None:
        begun.append(number)
        if number:
            raise KeyboardInterrupt
        stalled.wait(30)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, range(5), lanes=2, cancel=cancelled.set, grace=0.1)
    assert time.monotonic() - started < 10
    stalled.set()
    assert cancelled.is_set()
    assert sorted(begun) == [0, 1]


def test_what_ends_when_it_is_cancelled_has_tidied_up_before_the_error_is_raised() -> None:
    cancelled, tidy = threading.Event(), []

    def work(number: int) -> None:
        if number:
            raise ValueError("no")
        assert cancelled.wait(30)
        time.sleep(0.1)
        tidy.append(number)

    with pytest.raises(ValueError, match="no"):
        side_by_side(work, range(2), lanes=2, cancel=cancelled.set, grace=30)
    assert tidy == [0]
