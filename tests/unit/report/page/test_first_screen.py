from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.report.run.model import CellState, Reference
from orchestrator.report.run.page.causes import causes
from orchestrator.report.run.page.publications import Repository, Withheld, repositories, split, withheld
from orchestrator.report.run.page.trends import run_trends
from orchestrator.report.run.page.verdict import Tone, verdict
from tests.unit.report.page import sample


def test_failures_that_share_a_cause_are_one_though_their_messages_name_their_cells() -> None:
    found = causes(sample.night().cells, run=sample.RUN)
    assert [(one.kind, len(one.cells)) for one in found] == [
        ("upstream gone", 3),
        ("proof failed", 1),
        ("compile error", 1),
    ]
    assert found[0].shown.id == "3.7-alpine3.8-arm64v8"
    assert "3.7-alpine3.8-arm64v8" in found[0].message


def test_a_cause_is_as_old_as_the_oldest_failure_and_new_where_none_is_older_than_the_run() -> None:
    report = sample.night()
    cells = [
        replace(cell, failure=replace(cell.failure, since_run=90, since=sample.STARTED - timedelta(days=38)))
        if cell.id == "2.7-alpine3.8-arm64v8" and cell.failure
        else cell
        for cell in report.cells
    ]
    gone, proof, _ = causes(cells, run=sample.RUN)
    assert (gone.since_run, gone.since) == (90, sample.STARTED - timedelta(days=38))
    assert proof.since_run is None
    assert proof.new


def test_differences_of_keys_are_counted_over_the_cells_of_a_cause() -> None:
    report = sample.night()
    both, one = "the base moved from a to b", "the source was bumped from 1 to 2"
    told = {"3.7-alpine3.8-arm64v8": (both, one), "3.6-alpine3.8-arm64v8": (both,)}
    cells = [
        replace(cell, failure=replace(cell.failure, changed=told[cell.id]))
        if cell.id in told and cell.failure
        else cell
        for cell in report.cells
    ]
    assert causes(cells, run=sample.RUN)[0].changed == ((both, 2), (one, 1))


def test_a_failed_cell_of_which_nothing_more_is_known_is_told_all_the_same() -> None:
    cells = [replace(cell, failure=None) for cell in sample.night().cells]
    assert sum(len(one.cells) for one in causes(cells, run=sample.RUN)) == 5


def test_verdicts() -> None:
    night, green, idle = sample.night(), sample.green(), sample.idle()
    proven = replace(green.cells[0], touched=True)
    stopped = replace(proven, state=CellState.STOPPED)
    said = {
        "5 of 31 cells failed": night,
        "All 29 cells proven": green,
        "Nothing to do": idle,
        "Proven": replace(green, cells=(proven,)),
        "Both cells proven": replace(green, cells=(proven, proven)),
        "No cell failed, but the run did": replace(green, code=5),
        "1 image held back": replace(green, code=1, held_back=(("3.7-stretch", "why"),)),
        "1 of 1 cell was not finished": replace(green, cells=(stopped,), code=130),
        "The run was killed": replace(green, code=None, ended=None),
        "At work": replace(green, code=None, ended=None, going=True),
    }
    assert {verdict(report).headline: report for report in said.values()} == said
    assert said["1 image held back"].verdict == "some images were not published"
    assert [verdict(report).tone for report in (night, green, idle)] == [Tone.BAD, Tone.GOOD, Tone.GOOD]


def test_tallies_add_up_and_what_is_not_proven_since_before_is_counted() -> None:
    report = sample.night()
    left = replace(report, cells=tuple(replace(cell, touched=False) for cell in report.cells))
    assert sum(tally.number for tally in verdict(report).tallies) == 44
    never = replace(left, cells=tuple(replace(cell, state=CellState.NEVER) for cell in left.cells))
    assert [verdict(one).before for one in (report, left, never)] == [0, 7, 0]


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("r.example:5000/amd64/python:3.7", ("r.example:5000/amd64/python", ":3.7")),
        ("r.example:5000/amd64/python", ("r.example:5000/amd64/python", "")),
        ("r.example:5000/python@sha256:ab", ("r.example:5000/python", "@sha256:ab")),
        ("", ("", "")),
    ],
)
def test_references_taken_apart(reference: str, parts: tuple[str, str]) -> None:
    assert split(reference) == parts


def test_publications_are_gathered_by_repository_and_reason() -> None:
    published = [Reference(reference=f"r/{name}", digest="sha256:0") for name in ("a:1", "b:1", "a:2")]
    assert repositories(published) == (Repository(name="r/a", tags=("1", "2")), Repository(name="r/b", tags=("1",)))
    assert withheld([("x", "one"), ("y", "two"), ("z", "two")]) == (
        Withheld(reason="two", images=("y", "z")),
        Withheld(reason="one", images=("x",)),
    )


def test_trends_sum_up_by_run_and_an_image_weighs_what_it_did_until_it_is_built_again() -> None:
    report = sample.green()
    points = report.cells[0].trend[:3]
    first, second, third = points
    two = replace(report.cells[1], trend=(replace(second, size=5_000),))
    found = {
        one.number: one for one in run_trends(replace(report, cells=(replace(report.cells[0], trend=points), two)))
    }
    assert found[first.run].size == first.size
    assert found[second.run].size == second.size + 5_000
    assert found[third.run].size == third.size + 5_000
    assert found[second.run].native == pytest.approx(2 * second.seconds)
    assert found[second.run].cells == 2
    assert found[sample.RUN].seconds == (sample.green().ended - sample.STARTED).total_seconds()  # type: ignore[operator]
