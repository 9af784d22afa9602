"""A few short steps that are not left half done by Ctrl-C: the first one waits for their end, the second one does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Seconds between two looks at whether somebody interrupts.
_LOOK = 0.1


def shielded(work: Callable[[], T], *, on_interrupt: Callable[[], None] = lambda: None) -> T:
    """Do `work` to its end, then interrupt if that was asked for meanwhile. What it raises is raised.

    `on_interrupt` is called when it is asked for, so that whoever waits may be told.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    over = threading.Event()

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on
            errors.append(error)
        finally:
            over.set()

    # A daemon: a second Ctrl-C ends it with the process.
    thread = threading.Thread(target=body, name="shielded", daemon=True)
    interrupted: KeyboardInterrupt | None = None
    # Not by joining the thread: an interrupted join takes it for ended (https://github.com/python/cpython/issues/90882).
    while not over.is_set():
        try:
            if thread.ident is None:
                thread.start()
            over.wait(_LOOK)
        except KeyboardInterrupt as error:
            if interrupted is not None or thread.ident is None:
                raise
            interrupted = error
            on_interrupt()
    if errors:
        raise errors[0]
    if interrupted is not None:
        raise interrupted
    return results[0]
