"""Where the architectures of an image meet that are proven at the same time: whoever comes second is compared with whoever was first."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.matrix.model import Cell


@dataclass
class Meeting:
    """What has passed all of its own proofs in this run, by image. Safe to use from several threads."""

    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _passed: dict[str, dict[str, tuple[Cell, str]]] = field(default_factory=lambda: defaultdict(dict))
    _all: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def turn(self, cell: Cell, reference: str) -> Iterator[tuple[tuple[Cell, str], ...]]:
        """Give those that were here before, and keep the others of this image waiting; whoever leaves without an exception has been here."""
        with self._all:
            lock, passed = self._locks[cell.image.id], self._passed[cell.image.id]
        with lock:
            # A proof that is made again is not compared with itself.
            yield tuple(one for name, one in passed.items() if name != cell.id)
            passed[cell.id] = (cell, reference)
