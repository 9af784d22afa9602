"""A cell's key: a hash over everything that can change its bytes. The same key and a proven image means nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.build.execution import Execution
from orchestrator.matrix.model import Cell

#: Raise it when the way images are built changes without any ingredient showing it.
_FORMAT = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """The hash (hex) and what went into it, by name, so that two keys can be compared."""

    value: str
    ingredients: Mapping[str, str]

    @property
    def short(self) -> str:
        """Twelve characters, for names of staging tags."""
        return self.value[:12]


def key_for(cell: Cell, *, dockerfile: str, base_digest: str, execution: Execution) -> Key:
    """Compute the key of a cell.

    `dockerfile` is the rendered text: it holds the checksums of source and wheels, which therefore need no place of their own.
    BuildKit's own cache key lacks the emulator's version; here it is part.
    """
    ingredients = {
        "format": _FORMAT,
        "cell": cell.id,
        "platform": str(cell.architecture.platform),
        "dockerfile": hashlib.sha256(dockerfile.encode()).hexdigest(),
        "base": base_digest,
        "execution": str(execution),
    }
    text = json.dumps(ingredients, sort_keys=True, separators=(",", ":"))
    return Key(value=hashlib.sha256(text.encode()).hexdigest(), ingredients=ingredients)
