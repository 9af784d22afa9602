"""A run as JSON, for other programs: `report.json`.

    {"schema": 1, "run": 12, "command": "nightly", "matrix": "versions.json", "verdict": "some cells failed", "code": 1, "going": false,
     "started": TIME, "ended": TIME or null, "made": TIME, "counts": {STATE: NUMBER}, "worked_on": NUMBER, "failed": [ID],
     "cells": [CELL], "spans": [SPAN], "published": [{"reference", "digest"}], "held_back": {IMAGE: REASON},
     "history": [{"run", "started", "seconds"}]}

Names stay as they are; more may be added without another `schema`. TIME is ISO 8601 with its zone, seconds are numbers, sizes are in bytes, a
digest is "sha256:..." or empty, STATE one of proven, failed, stopped, not tried, running, never built.

A CELL has the names of `orchestrator.report.run.model.CellReport`: `id`, `image`, `line`, `release`, `variant`, `arch`, `platform`, `state`,
`touched` (the run worked on it), `action`, `reason`, `changes`, `key`, `attempt`, `executed`, `emulated`, `node`, `tries`, `setting`, `started`,
`seconds`, `prove_seconds`, `phases` (`name`, `seconds`, `cached`), `proofs` (`name`, `verdict`, `detail`, `seconds`), `digest`, `size`, `base`,
`base_digest`, `log`, `log_tail`, `tags`, `published`, `packages` (null where they are not known; else `ecosystem`, `name`, `version`,
`architecture`, `licences`, `source`, `purl`), `layers` (`digest`, `size`, `made_by`), `package_changes` (`name`, `before`, `after`), `failure`
(null, or `class`, `message`, `tail`, `since`, `since_run`, `times`, `changed`, `proven`, `proven_run`, `reproduce`, `otherwise`) and `trend`
(`run`, `started`, `seconds`, `size`, `emulated`, `state`). A SPAN has `cell`, `stage`, `node`, `slot`, `emulated`, `started`, `ended` and
`failure_class`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

from orchestrator.report.run.model import CellReport, FailureLine, RunReport

SCHEMA = 1


def document(report: RunReport) -> dict[str, Any]:
    """Give the public JSON form of a run."""
    counts = Counter(str(cell.state) for cell in report.cells)
    return {
        "schema": SCHEMA,
        "run": report.number,
        "command": report.command,
        "matrix": report.matrix,
        "verdict": report.verdict,
        "code": report.code,
        "going": report.going,
        "started": report.started.isoformat(),
        "ended": _time(report.ended),
        "made": _time(report.made),
        "counts": dict(sorted(counts.items())),
        "worked_on": sum(cell.touched for cell in report.cells),
        "failed": [cell.id for cell in report.failed],
        "cells": [_cell(cell) for cell in report.cells],
        "spans": [
            {
                "cell": one.cell,
                "stage": one.stage,
                "node": one.node,
                "slot": one.slot,
                "emulated": one.emulated,
                "started": one.started.isoformat(),
                "ended": one.ended.isoformat(),
                "failure_class": one.failure_class,
            }
            for one in report.spans
        ],
        "published": [{"reference": one.reference, "digest": one.digest} for one in report.published],
        "held_back": dict(report.held_back),
        "history": [
            {"run": one.number, "started": one.started.isoformat(), "seconds": one.seconds} for one in report.history
        ],
    }


def _cell(cell: CellReport) -> dict[str, Any]:
    contents = cell.contents
    return {
        "id": cell.id,
        "image": cell.image,
        "line": cell.line,
        "release": cell.release,
        "variant": cell.variant,
        "arch": cell.arch,
        "platform": cell.platform,
        "state": str(cell.state),
        "touched": cell.touched,
        "action": cell.action,
        "reason": cell.reason,
        "changes": list(cell.changes),
        "key": cell.key,
        "attempt": cell.attempt,
        "executed": cell.executed,
        "emulated": cell.emulated,
        "node": cell.node,
        "tries": cell.tries,
        "setting": cell.setting,
        "started": _time(cell.started),
        "seconds": cell.seconds,
        "prove_seconds": cell.prove_seconds,
        "phases": [{"name": one.name, "seconds": one.seconds, "cached": one.cached} for one in cell.phases],
        "proofs": [
            {"name": one.name, "verdict": one.verdict, "detail": one.detail, "seconds": one.seconds}
            for one in cell.proofs
        ],
        "digest": cell.digest,
        "size": cell.size,
        "base": cell.base,
        "base_digest": cell.base_digest,
        "log": cell.log,
        "log_tail": list(cell.log_tail),
        "tags": list(cell.tags),
        "published": list(cell.published),
        "packages": None
        if contents is None
        else [asdict(one) | {"ecosystem": str(one.ecosystem)} for one in contents.components],
        "layers": [] if contents is None else [asdict(one) for one in contents.layers],
        "package_changes": [
            {"name": one.name, "before": one.before, "after": one.after} for one in cell.package_changes
        ],
        "failure": None if cell.failure is None else _failure(cell.failure),
        "trend": [
            {
                "run": one.run,
                "started": one.started.isoformat(),
                "seconds": one.seconds,
                "size": one.size,
                "emulated": one.emulated,
                "state": str(one.state),
            }
            for one in cell.trend
        ],
    }


def _failure(failure: FailureLine) -> dict[str, Any]:
    return {
        "class": failure.kind,
        "message": failure.message,
        "tail": list(failure.tail),
        "since": _time(failure.since),
        "since_run": failure.since_run,
        "times": failure.times,
        "changed": list(failure.changed),
        "proven": _time(failure.proven),
        "proven_run": failure.proven_run,
        "reproduce": failure.reproduce,
        "otherwise": failure.otherwise,
    }


def _time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
