"""The order in which the references of a set become visible.

Tags that name the release come first, then the moving ones; of each the architectures' own before the indexes over them. So an index leads to
images that are all there, and a moving tag to a release whose own tags are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from orchestrator.publish.model import Target


def in_order(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Sort targets into the order in which they become visible."""
    return tuple(sorted(targets, key=_phase))


def phases(targets: Sequence[Target]) -> Iterator[tuple[Target, ...]]:
    """Give targets in that order, those together that may become visible in any order."""
    return (tuple(some) for _, some in groupby(in_order(targets), key=_phase))


def _phase(target: Target) -> tuple[bool, bool]:
    return (not target.release, target.index)
