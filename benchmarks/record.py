"""`results.json`: what was measured when and where. What a run does not measure stays as an older run found it, with that run's date and machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.machine import Machine
from orchestrator.system.files import write_atomically


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a part of the measurement found: `run` names the last run that measured something of it, `took` is what that took (seconds).

    `results` is the part's own JSON form. A part that is measured piece by piece names the run of each piece in there, as "run".
    """

    run: str
    took: float
    results: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """All of it: machines by the name of the run (its date), entries by the name of the part."""

    runs: Mapping[str, Machine] = field(default_factory=dict)
    parts: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        """The newest run that is known; empty where there is none."""
        return max(self.runs, default="")

    @property
    def words(self) -> dict[str, str]:
        """Say of each run when and where it was."""
        return {name: f"{name[:10]}, {machine.words}" for name, machine in self.runs.items()}

    def joined(self, name: str, entry: Entry, machine: Machine) -> Record:
        """Put what a run found out about a part in the place of what was known. Runs of which nothing is left are forgotten."""
        parts = {**self.parts, name: entry}
        runs = {**self.runs, entry.run: machine}
        used = {run for one in parts.values() for run in (one.run, *_runs(one.results))}
        return replace(self, runs={run: runs[run] for run in sorted(runs) if run in used}, parts=parts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; nothing is known where there is none."""
        if not path.exists():
            return cls()
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            runs={name: Machine.read(one) for name, one in document["runs"].items()},
            parts={
                name: Entry(run=one["run"], took=float(one["took_seconds"]), results=one["results"])
                for name, one in document["parts"].items()
            },
        )

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        document = {
            "runs": {name: machine.document() for name, machine in self.runs.items()},
            "parts": {
                name: {"run": one.run, "took_seconds": round(one.took, 1), "results": one.results}
                for name, one in self.parts.items()
            },
        }
        write_atomically(path, (json.dumps(document, indent=2) + "\n").encode())


def _runs(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "run" and isinstance(inner, str):
                yield inner
            else:
                yield from _runs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _runs(inner)
