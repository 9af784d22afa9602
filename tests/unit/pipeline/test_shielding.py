"""Ctrl-C once waits for short steps to end; twice does not."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from orchestrator.pipeline.shielding import shielded


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """As in a terminal: a shell has what it starts in the background ignore SIGINT, and Python asks no further."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_it_gives_is_given_and_what_it_raises_is_raised() -> None:
    assert shielded(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        shielded(lambda: 1 // 0)


def test_the_first_interruption_waits_for_the_end() -> None:
    done, told = threading.Event(), list[str]()

    def work() -> None:
        _thread.interrupt_main()
        time.sleep(0.5)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        shielded(work, on_interrupt=lambda: told.append("stopping"))
    assert done.is_set()
    assert told == ["stopping"]


def test_the_second_one_does_not() -> None:
    release, heard = threading.Event(), threading.Event()

    def work() -> None:
        _thread.interrupt_main()
        heard.wait(5)
        _thread.interrupt_main()
        release.wait(5)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        shielded(work, on_interrupt=heard.set)
    release.set()
    assert time.monotonic() - began < 4


def test_what_failed_is_told_rather_than_the_interruption() -> None:
    def work() -> None:
        _thread.interrupt_main()
        time.sleep(0.3)
        raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        shielded(work)
