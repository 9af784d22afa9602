"""What is typed in a document: blocks of `console`, and the word behind it that says what they need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Nothing; an installed program; an engine; a network; a registry; a run in the ledger; a clone of official-images.
NEEDS = ("", "setup", "engine", "network", "registry", "run", "upstream")

_FENCE = re.compile(r"(?ms)^[ ]*```console([^\n]*)\n(.*?)^[ ]*```$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block, with the lines that begin with a `$`."""

    needs: str
    lines: tuple[str, ...]


def blocks(path: Path) -> tuple[Block, ...]:
    """Read the blocks of a document, in its order."""
    found = _FENCE.findall(path.read_text(encoding="utf-8"))
    return tuple(
        Block(
            needs=needs.strip(),
            lines=tuple(line.strip().removeprefix("$ ") for line in text.splitlines() if line.strip().startswith("$ ")),
        )
        for needs, text in found
    )
