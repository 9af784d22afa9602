"""Lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 8


def listed(words: Iterable[str]) -> str:
    """Join words; of many only the first few, with the number of the rest."""
    every = list(dict.fromkeys(words))
    rest = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + rest
