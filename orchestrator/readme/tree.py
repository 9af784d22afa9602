"""Descriptions as files: where each belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.readme.description import Description
from orchestrator.system.target import Target, place

_NAME = "README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A description and the file that it belongs into."""

    description: Description
    file: Target


def placed(descriptions: Sequence[Description], output: str, *, many: bool) -> tuple[Placed, ...]:
    """Find the file of each: `output` itself.

    Where that is a directory (or has a slash at its end), or `many` are meant, they lie below it like the repositories are called
    (`arm64v8/python/README.md`).
    """
    return tuple(
        Placed(
            description=one,
            file=Target(path=place(f"{output}/" if many else output, Path(one.repository, _NAME)), text=one.text),
        )
        for one in descriptions
    )
