from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger.records import Span
from orchestrator.report.run.slots import lanes

_START = datetime(2026, 11, 20, tzinfo=UTC)


def span(began: int, ended: int, node: str = "n") -> Span:
    times = [(_START + timedelta(minutes=one)).isoformat(timespec="milliseconds") for one in (began, ended)]
    return Span(run=1, cell=f"c{began}", stage="build", node=node, emulated=False, started=times[0], ended=times[1])


def test_what_runs_at_once_gets_lanes_and_a_free_one_is_taken_again() -> None:
    found = lanes([span(0, 10), span(5, 8), span(8, 20), span(10, 12), span(11, 12), span(3, 4, "other")])
    assert [(one.cell, one.node, one.slot) for one in found] == [
        ("c0", "n", 0), ("c3", "other", 0), ("c5", "n", 1), ("c8", "n", 1), ("c10", "n", 0), ("c11", "n", 2),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=30))
def test_no_two_bars_of_a_lane_overlap_and_there_are_no_more_lanes_than_needed(times: list[tuple[int, int]]) -> None:
    found = lanes([span(began, began + length) for began, length in times])
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            assert one.slot != other.slot or one.ended <= other.started
    most = max((sum(one.started <= at.started < one.ended for one in found) for at in found), default=0)
    assert len({one.slot for one in found}) == most
