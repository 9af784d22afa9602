"""Lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 8


def listed(words: Iterable[str]) -> str:
    """Join words; of many only the first few, with the number of the rest."""
    every = list(dict.fromkeys(words))
    rest = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + rest


def counted(number: int, word: str) -> str:
    """Write a number with its word: `1 image`, `5 images`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
