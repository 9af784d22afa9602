"""Images that have been read already: reading one takes seconds, and several architectures are compared with each other."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from orchestrator.prove.survey.archive import Saved

#: A survey of a full image takes some tens of megabytes.
_KEPT = 6


class Surveys:
    """Keeps the last few images by digest; threads share it, and one image is read by one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Saved] = OrderedDict()

    def get(self, digest: str, read: Callable[[], Saved]) -> Saved:
        """Give the image with this digest, read by `read` where it is not known. What `read` raises is raised."""
        # Reading is work of this process alone, so that several at once would not be faster.
        with self._lock:
            if digest not in self._kept:
                self._kept[digest] = read()
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(digest)
            return self._kept[digest]
