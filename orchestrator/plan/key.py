"""A cell's key: a hash over everything that can change its bytes. The same key and a proven image means nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.build.execution import Execution
from orchestrator.matrix.model import Cell, Line, Pin

#: Raise it when the way images are built changes without any ingredient showing it.
_FORMAT = "2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """The hash (hex) and what went into it, by name, so that two keys can be compared."""

    value: str
    ingredients: Mapping[str, str]

    @property
    def short(self) -> str:
        """Twelve characters, for names of staging tags."""
        return self.value[:12]


def key_for(cell: Cell, *, dockerfile: str, base_digest: str, execution: Execution, tools: str = "") -> Key:
    """Compute the key of a cell.

    `dockerfile` is the rendered text, `tools` the identity of native tools that take part in an emulated build (empty: none do). Source and
    wheels stand in the Dockerfile by their checksums; they are named once more to say what was bumped. BuildKit's own cache key lacks the
    emulator's version; here it is part.
    """
    return key_of(
        cell,
        dockerfile=hashlib.sha256(dockerfile.encode()).hexdigest(),
        base_digest=base_digest,
        execution=execution,
        tools=tools,
    )


def key_of(cell: Cell, *, dockerfile: str, base_digest: str, execution: Execution, tools: str = "") -> Key:
    """Compute the key like `key_for`, from the sha256 (hex) of the Dockerfile: one text serves all architectures of an image."""
    line = cell.image.line
    ingredients = {
        "format": _FORMAT,
        "cell": cell.id,
        "platform": str(cell.architecture.platform),
        "dockerfile": dockerfile,
        "base": base_digest,
        "execution": str(execution),
        "source": f"{line.release} sha256:{line.source.sha256}",
        "wheels": " ".join(f"{pin.name}=={pin.version} sha256:{pin.sha256}" for pin in _pins(line)),
        "tools": tools,
    }
    text = json.dumps(ingredients, sort_keys=True, separators=(",", ":"))
    return Key(value=hashlib.sha256(text.encode()).hexdigest(), ingredients=ingredients)


def _pins(line: Line) -> tuple[Pin, ...]:
    return (line.pip, line.setuptools, line.wheel, *line.extras)
