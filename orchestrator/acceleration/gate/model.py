"""What the gate is given, and how it says that it cannot judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import EnvironmentFailedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The build that tools are judged with.

    `cell` is the id of the cell; `dockerfile` the very text that it is built from (where build arguments are declared in it, with them),
    so that BuildKit's cache serves both; `platform` as buildx takes it. `contexts` are what replaces its stages and its base, without the native tools;
    `arguments` its build arguments. `timeout` and `silence` are in seconds, `builder` a name of `docker buildx ls` or None, as in `BuildRequest`.
    """

    cell: str
    dockerfile: str
    platform: str
    contexts: Mapping[str, str]
    timeout: float
    silence: float | None = None
    builder: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What one way came to: a directory that `work/work.sh` has filled, and the exit status by question.

    `taken` are the paths at which native programs stood; `declined` is what was said instead of taking any. Both are empty for the plain way.
    """

    directory: Path
    statuses: Mapping[str, int]
    taken: tuple[str, ...] = ()
    declined: str = ""


class UnjudgedError(EnvironmentFailedError):
    """Nothing was found out about the tools: the message says why. There is no verdict to keep; the tools must not be used."""
