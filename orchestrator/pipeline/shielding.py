"""A few short steps that are not left half done by Ctrl-C: the first one waits for their end, the second one does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Seconds between two looks at whether somebody interrupts.
_LOOK = 0.1


def shielded(work: Callable[[], T]) -> T:
    """Do `work` to its end, then interrupt if that was asked for meanwhile. What it raises is raised."""
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on
            errors.append(error)

    # A daemon: a second Ctrl-C ends it with the process.
    thread = threading.Thread(target=body, name="shielded", daemon=True)
    thread.start()
    interrupted: KeyboardInterrupt | None = None
    while thread.is_alive():
        try:
            thread.join(_LOOK)
        except KeyboardInterrupt as error:
            if interrupted is not None:
                raise
            interrupted = error
    if interrupted is not None:
        raise interrupted
    if errors:
        raise errors[0]
    return results[0]
