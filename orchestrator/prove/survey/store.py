"""What has been read already: reading an image takes seconds, images share layers, and architectures are compared with each other."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from orchestrator.prove.survey.archive import Saved
from orchestrator.prove.survey.layer import Layer

#: A layer of a full image takes some tens of megabytes.
_IMAGES, _LAYERS = 6, 24


class Surveys:
    """Keeps the last few images and layers by digest; threads share it, and one image is read by one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: OrderedDict[str, Saved] = OrderedDict()
        self._layers: OrderedDict[str, Layer] = OrderedDict()

    def get(self, digest: str, read: Callable[[Mapping[str, Layer]], Saved]) -> Saved:
        """Give the image with this digest, read by `read` (which is told the known layers) where it is not known. What it raises is raised."""
        # Reading is work of this process alone, so that several at once would not be faster.
        with self._lock:
            if digest not in self._images:
                self._images[digest] = read(self._layers)
                self._layers.update(self._images[digest].layers)
                _shorten(self._layers, _LAYERS)
                _shorten(self._images, _IMAGES)
            self._images.move_to_end(digest)
            return self._images[digest]


def _shorten(kept: OrderedDict[str, Saved] | OrderedDict[str, Layer], length: int) -> None:
    while len(kept) > length:
        kept.popitem(last=False)
