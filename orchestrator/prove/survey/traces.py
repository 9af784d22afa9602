"""What would tell of native tools (`orchestrator.acceleration`) in an image: words that have no business in any layer.

They are looked for while a layer is read anyway: in bytes as they are, so that what is compressed inside a file is not looked into.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.acceleration.model import MOUNT

#: Where the tools are mounted, where the programs are kept meanwhile whose place they take, the file that tells apt of them, and where compiled
#: objects are kept. The last one's bare name is a word of Kerberos, too.
TRACES = (MOUNT, "/.emulated", "90native-tools", "/dev/ccache")
_BYTES = tuple((word, word.encode()) for word in TRACES)
_OVERLAP = max(len(word) for _, word in _BYTES) - 1


class Search:
    """Looks for the words in bytes that come piece by piece, across the pieces' ends too."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._end = b""

    def feed(self, piece: bytes) -> None:
        """Look at the next piece."""
        seam = self._end + piece[:_OVERLAP] if self._end else b""
        for text, word in _BYTES:
            if text not in self._found and (word in piece or word in seam):
                self._found.add(text)
        self._end = (self._end + piece)[-_OVERLAP:] if len(piece) < _OVERLAP else piece[-_OVERLAP:]

    @property
    def found(self) -> tuple[str, ...]:
        """Those that were seen, in the order of `TRACES`."""
        return tuple(word for word in TRACES if word in self._found)


def traces_in(texts: Iterable[str]) -> tuple[str, ...]:
    """List the texts that hold one of the words. A path or a link's target may lack the slash at its beginning."""
    return tuple(text for text in texts if any(word in f"/{text}" for word in TRACES))
