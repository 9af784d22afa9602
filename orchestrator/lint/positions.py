"""How places are written for people: paths as short as they can be, lines from 1."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestrator.system.strict import Place


def shown(path: Path) -> str:
    """Give a path relative to the current directory where it lies below that, as it is where not."""
    if not path.is_absolute():
        return str(path)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def line_of_yaml(path: Path, place: Place) -> int:
    """Find the line (from 1) where the value at `place` begins; where the way leads nowhere, that of its last known ancestor."""
    node = _tree(path)
    line = 1
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            member = next((value for key, value in node.value if key.value == step), None)
            if member is None:
                return line
            node = member
        else:
            return line
        line = node.start_mark.line + 1
    return line


@cache
def _tree(path: Path) -> Any:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
