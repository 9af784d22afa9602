"""Several commands in one process, up to the first that fails: most of the time of a short command goes into starting it.

`python -m orchestrator.cli.several render + readme --all --output descriptions + library --output descriptions/library/`, for targets of make.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from orchestrator.__main__ import main

_BETWEEN = "+"


def split(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Take the words apart where a `+` stands."""
    commands: list[tuple[str, ...]] = [()]
    for word in words:
        if word == _BETWEEN:
            commands.append(())
        else:
            commands[-1] += (word,)
    return tuple(commands)


if __name__ == "__main__":
    main(split(sys.argv[1:]))
