"""The same work on several things side by side, given up at once when somebody interrupts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

#: Seconds that an interrupt leaves to the threads to tidy up.
GRACE_SECONDS = 3.0


def side_by_side(
    work: Callable[[T], U], items: Sequence[T], *, lanes: int, cancel: Callable[[], None], grace: float = GRACE_SECONDS
) -> tuple[U, ...]:
    """Do `work` on each item, in as many threads as there are `lanes`; the results are in the items' order.

    What it raises is raised here. Then, and when this thread is interrupted, no other item is begun, and `cancel` is called, which is to end what the
    threads are at. Those that do not end within `grace` seconds (a server does not answer) are left to themselves, and end with the process: a pool of
    `concurrent.futures` would wait for them.
    """
    shared = _Shared(work=work, items=items)
    threads = [threading.Thread(target=shared.lane, name="lane", daemon=True) for _ in items[:lanes]]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            # Not by joining them: an interrupted join takes a thread for ended (https://github.com/python/cpython/issues/90882).
            shared.ended.acquire()
    except BaseException:
        shared.stop = True
        cancel()
        _wait(threads, grace)
        raise
    if shared.errors:
        cancel()
        _wait(threads, grace)
        raise shared.errors[0]
    return tuple(shared.results[index] for index in range(len(items)))


def _wait(threads: Sequence[threading.Thread], seconds: float) -> None:
    late = time.monotonic() + seconds
    while any(thread.is_alive() for thread in threads) and time.monotonic() < late:
        time.sleep(0.02)


@dataclass(kw_only=True)
class _Shared(Generic[T, U]):
    """What the threads have in common; `ended` counts the lanes that have nothing more to do, all of them as soon as one has failed."""

    work: Callable[[T], U]
    items: Sequence[T]
    results: dict[int, U] = field(default_factory=dict)
    errors: list[BaseException] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stop: bool = False
    _begun: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lane(self) -> None:
        """Work until nothing is left."""
        try:
            while (index := self._next()) is not None:
                self.results[index] = self.work(self.items[index])
        except BaseException as error:  # noqa: BLE001 - handed on
            self.errors.append(error)
            self.stop = True
            self.ended.release(len(self.items))  # nobody is to wait for the others
        finally:
            self.ended.release()

    def _next(self) -> int | None:
        with self._lock:
            if self.stop or self._begun == len(self.items):
                return None
            self._begun += 1
            return self._begun - 1
