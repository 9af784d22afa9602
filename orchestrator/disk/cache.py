"""BuildKit's cache behind a buildx builder: how much there is, and making it smaller.

buildx renamed its option once, so its own help is asked. `--reserved-space` is the old `--keep-storage` by another name; its neighbour
`--max-used-space` says the same of a newer BuildKit, but is refused where an older one works behind a newer buildx (tried: 0.29.1 before
dockerd 26.1). Source: https://github.com/moby/buildkit/blob/master/cache/manager.go, calculateKeepBytes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.disk.model import CacheUse
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.process import Command, Completed, Runner

_SECONDS, _PRUNE_SECONDS = 60.0, 1800.0
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}
_SUM = re.compile(r"^(Private|Reclaimable|Total):\s*([0-9.]+)([kMGTP]?B)\s*$", re.MULTILINE)
_NAME = re.compile(r"^Name:\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caches:
    """The builders that one docker CLI knows. All methods raise `EnvironmentFailedError` for a builder that does not answer."""

    docker: str
    environment: Mapping[str, str]
    runner: Runner

    def own(self) -> str:
        """Name the builder that is used where none is named."""
        match = _NAME.search(self._ask("inspect").text)
        if match is None:
            raise EnvironmentFailedError("'docker buildx inspect' names no builder", mend="run 'docker buildx ls'")
        return match[1]

    def use(self, builder: str) -> CacheUse:
        """Look how large a builder's cache is (buildx rounds to four digits)."""
        found = _sums(self._ask("du", f"--builder={builder}").text)
        if "Total" not in found:
            raise EnvironmentFailedError(f"builder {builder}: 'docker buildx du' tells no total")
        # What is shared with images goes with them; BuildKit counts the rest against a limit.
        return CacheUse(
            builder=builder,
            size=found.get("Private", found["Total"]),
            reclaimable=found.get("Reclaimable", found["Total"]),
        )

    def prune(self, builder: str, limit: int) -> int:
        """Remove what was used least lately until no more than `limit` bytes are left; returns the bytes freed."""
        option = _option(self._ask("prune", "--help").text, limit)
        done = self._ask("prune", f"--builder={builder}", "--force", option, seconds=_PRUNE_SECONDS)
        return _sums(done.text).get("Total", 0)

    def _ask(self, *words: str, seconds: float = _SECONDS) -> Completed:
        answer = self.runner(
            Command(argv=(self.docker, "buildx", *words), environment=self.environment, timeout=seconds)
        )
        if not answer.ok:
            raise EnvironmentFailedError(
                f"'docker buildx {' '.join(words)}' fails: {answer.reason}", mend="run 'orchestrator doctor'"
            )
        return answer


def _option(help_text: str, limit: int) -> str:
    known = set(re.findall(r"--[a-z-]+", help_text))
    # Without any limit BuildKit removes everything, so one that no option can tell must not get lost.
    for name in ("--reserved-space", "--keep-storage"):
        if name in known:
            return f"{name}={limit}"
    raise EnvironmentFailedError("this buildx has no option to limit its cache", mend="use buildx 0.13 or newer")


def _sums(text: str) -> dict[str, int]:
    """Read the last lines of `buildx du` and `buildx prune`: decimal units."""
    return {name: round(float(number) * _UNITS[unit]) for name, number, unit in _SUM.findall(text)}
