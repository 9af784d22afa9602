"""The bars of the chart: what ran at the same time on a node is put into lanes beside one another."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.ledger.records import Span
from orchestrator.report.run.model import SpanLine


@dataclass(kw_only=True, slots=True)
class _Node:
    """The lanes of a node: those that are busy by when they are free again, and those that are free."""

    busy: list[tuple[datetime, int]] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def take(self, started: datetime, ended: datetime) -> int:
        while self.busy and self.busy[0][0] <= started:
            heapq.heappush(self.free, heapq.heappop(self.busy)[1])
        slot = heapq.heappop(self.free) if self.free else len(self.busy)
        heapq.heappush(self.busy, (ended, slot))
        return slot


def lanes(spans: Sequence[Span]) -> tuple[SpanLine, ...]:
    """Give every span the lowest lane (from 0) of its node that is free when it begins; in the order of their beginnings."""
    nodes: dict[str, _Node] = {}
    lines = []
    for span in sorted(spans, key=lambda one: (one.started, one.ended)):
        started, ended = datetime.fromisoformat(span.started), datetime.fromisoformat(span.ended)
        slot = nodes.setdefault(span.node, _Node()).take(started, ended)
        lines.append(
            SpanLine(
                cell=span.cell,
                stage=span.stage,
                node=span.node,
                slot=slot,
                emulated=span.emulated,
                started=started,
                ended=ended,
                failure_class=span.failure_class,
            )
        )
    return tuple(lines)
