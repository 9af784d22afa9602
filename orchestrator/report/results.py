"""The result of a run: one table for people, one document for machines."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestrator.build.failure import FailureClass
from orchestrator.pipeline.cell import CellResult

_SHOWN = ("packages", "configure", "compile", "install", "pip")


def results_table(
    results: Sequence[CellResult], *, digests: bool = True, places: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Write the table: cell, native or emulated, seconds per phase, size, digest, tags.

    Where there was more than one builder it says which one, and where something was tried again, how often.
    `places` maps a cell's id to the references that it was published under; without it the local tags are shown.
    """
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    nodes = len({result.node for result in results if result.node}) > 1
    tries = any(result.tries > 1 for result in results)
    where = (*(("node",) if nodes else ()), *(("tries",) if tries else ()))
    seen = {phase.name for result in results if result.attempt for phase in result.attempt.phases}
    shown = tuple(name for name in _SHOWN if name in seen)
    for name in (
        "cell",
        "state",
        "executed",
        *where,
        *shown,
        "seconds",
        "size",
        *(("digest",) if digests else ()),
        "tags",
    ):
        table.add_column(
            name, justify="right" if name in {*shown, "tries", "seconds", "size"} else "left", no_wrap=True
        )
    for result in results:
        attempt = result.attempt
        seconds = {phase.name: phase for phase in attempt.phases} if attempt else {}
        tags = list(places.get(result.cell.id, ())) if places is not None else list(result.tags)
        table.add_row(
            result.cell.id,
            _state(result),
            _executed(result) or "-",
            *((result.node or "-",) if nodes else ()),
            *((str(result.tries),) if tries else ()),
            *(
                "-" if name not in seconds else "cached" if seconds[name].cached else f"{seconds[name].seconds:.1f}"
                for name in shown
            ),
            f"{attempt.seconds:.1f}" if attempt else "-",
            f"{attempt.size / 1e6:.1f} MB" if attempt and attempt.size else "-",
            *((attempt.digest.removeprefix("sha256:")[:12] if attempt else "-",) if digests else ()),
            _tags(tags),
        )
    out = io.StringIO()
    Console(file=out, width=400, no_color=True, highlight=False, force_terminal=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _state(result: CellResult) -> str:
    if result.failure is None:
        return "proven"
    if result.tried and result.failure.kind is FailureClass.CANCELLED:
        return "stopped"
    return f"FAILED: {result.failure.kind}" if result.tried else "not tried"


def _executed(result: CellResult) -> str:
    """How it was, or would have been, executed; empty for what was not tried."""
    attempt = result.attempt
    if attempt is not None and attempt.execution:
        return attempt.executed
    return str(result.planned.known.execution) if result.tried else ""


def describe_results(results: Sequence[CellResult]) -> dict[str, Any]:
    """Give the public JSON form of a run's results."""
    return {"cells": [_describe(result) for result in results]}


def _describe(result: CellResult) -> dict[str, Any]:
    attempt = result.attempt
    return {
        "id": result.cell.id,
        "ok": result.ok,
        "action": str(result.planned.action),
        "reason": result.planned.reason,
        "key": result.planned.key.value,
        "executed": _executed(result),
        "node": result.node,
        "tries": result.tries,
        "tried": result.tried,
        "seconds": attempt.seconds if attempt else 0.0,
        "phases": [{"name": phase.name, "seconds": phase.seconds, "cached": phase.cached} for phase in attempt.phases]
        if attempt
        else [],
        "proofs": [
            {
                "name": proof.name,
                "passed": proof.passed,
                "verdict": proof.verdict,
                "detail": proof.detail,
                "seconds": proof.seconds,
            }
            for proof in attempt.proofs
        ]
        if attempt
        else [],
        "digest": attempt.digest if attempt else "",
        "size": attempt.size if attempt else 0,
        "log": attempt.log if attempt else "",
        "tags": list(result.tags),
        "failure": {"class": str(result.failure.kind), "message": result.failure.message} if result.failure else None,
    }


def _tags(tags: Sequence[str]) -> str:
    return f"{tags[0]} and {len(tags) - 1} more" if len(tags) > 1 else "".join(tags)
