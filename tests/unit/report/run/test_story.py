from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest

from orchestrator.ledger.records import ProofRecord
from orchestrator.matrix.model import Matrix
from orchestrator.report.run.gathering import gather
from orchestrator.report.run.mail import mail
from orchestrator.report.run.model import RunReport
from orchestrator.report.run.story import Tone, failure_lines, failures, summary_lines
from orchestrator.system.places import Places
from tests.unit.report.run.conftest import AMD, ARM, OTHER
from tests.unit.report.run.past import COMPILE, Past


@pytest.fixture
def report(nights: Past, matrix: Matrix, places: Places) -> RunReport:
    return gather(nights.ledger, matrix, None, places)


def test_what_failed_comes_first_with_all_that_one_asks(report: RunReport, places: Places) -> None:
    lines = failure_lines(report)
    assert lines[0] == "2 of 2 cells FAILED in run 3 (nightly)"
    failure = report.failed[0].failure
    assert failure is not None
    assert lines[2:11] == [
        f"{AMD}: compile error",
        f"  what       {COMPILE} (native on engine)",
        "  since      2026-11-21 03:01 UTC, run 2: 2 runs in a row",
        "  changed    the base moved from b1 to b2",
        "  last lines $ docker buildx",
        "             gcc: error: no\ufffe such <file>",
        f"  log        {places.logs}/{AMD}-3.log",
        f"  reproduce  {failure.reproduce}",
        f"             {failure.otherwise}",
    ]
    assert "  since      this run; proven before in run 1 (2026-11-20 03:01 UTC)" in lines


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_but_commands_and_paths(report: RunReport, width: int) -> None:
    for line in summary_lines(report, width=width):
        whole = line.text.strip().startswith(("make ", "orchestrator ", "log ", "reproduce "))
        assert len(line.text) <= width or whole
    assert all(line.text == line.text.rstrip() for line in summary_lines(report, width=width))


def test_nothing_is_said_where_nothing_failed(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin(day=1)
    past.intend([AMD])
    past.proven(AMD)
    past.end(0, minutes=5)
    report = gather(past.ledger, matrix, None, places)
    assert failure_lines(report) == []
    lines = summary_lines(report)
    assert [line.text for line in lines] == [
        "run 1 (nightly), 2026-11-01 03:00 UTC, took 5 min 0 s: all done",
        "worked on 1 cell: 1 proven",
        "left alone: 43 never built",
    ]
    assert lines[0].tone is Tone.GOOD


def test_cells_with_one_cause_are_told_together(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin(day=1)
    cells = [cell.id for cell in matrix.cells]
    past.intend(cells)
    for cell in cells[:20]:
        past.without_attempt(cell, "network", "the mirror does not answer")
    for number, cell in enumerate(cells[20:]):
        past.failed(cell, message=f"[build 5/9] RUN step {number}")
    text = "\n".join(failure_lines(gather(past.ledger, matrix, None, places), width=300))
    assert text.startswith("44 of 44 cells FAILED")
    assert text.count("the mirror does not answer") == 1
    assert "and 12 more: network" in text
    assert "13 more cells failed for other reasons: orchestrator report 1 --format html --output report.html" in text
    assert "changed    nothing to compare with: it was never proven" in text


def test_a_failure_with_the_same_key_points_outside(past: Past, matrix: Matrix, places: Places) -> None:
    for day in (1, 2):
        past.begin(day=day)
        past.intend([AMD])
        if day == 1:
            past.proven(AMD)
        else:
            past.failed(AMD, kind="network")
    text = "\n".join(failure_lines(gather(past.ledger, matrix, None, places)))
    assert "nothing that goes into the image since it was proven in run 1: look outside" in text


def test_what_fails_since_before_and_what_was_held_back_is_counted(
    nights: Past, matrix: Matrix, places: Places
) -> None:
    nights.begin(day=23)
    nights.intend([OTHER])
    nights.proven(OTHER)
    nights.ledger.published(nights.run, "localhost:5000/amd64/python:2.7", "sha256:1")
    nights.chronicle.hold_back(nights.run, "3.7-slim-stretch", "not proven")
    text = [line.text for line in summary_lines(gather(nights.ledger, matrix, None, places))]
    assert text[1:] == [
        "worked on 1 cell: 1 proven",
        "left alone: 2 failed, 41 never built",
        f"failing since before: {AMD}, {ARM}",
        "1 reference published",
        "3.7-slim-stretch: not published: not proven",
    ]


def test_a_log_cannot_give_the_terminal_orders(nights: Past, matrix: Matrix, places: Places) -> None:
    nights.begin(day=23)
    nights.intend([AMD])
    nights.failed(AMD, message="a\x1b[2Jb\r\nc", log="x" * 5000 + "\n\x1b]0;evil\x07y\n")
    lines = failures(gather(nights.ledger, matrix, None, places), width=80)
    assert all(line.text.isprintable() for line in lines)
    dim = [line.text for line in lines if line.tone is Tone.DIM]
    assert dim[0] == f"  last lines {'x' * 64}..."
    assert dim[1].strip() == "y"


def test_a_mail_has_the_counts_in_its_subject_and_the_story_in_it(report: RunReport) -> None:
    data = mail(report, host="builder.example")
    message = message_from_bytes(data, policy=default)
    assert message["Subject"] == f"[orchestrator] 2 cells failed, 0 proven in run 3 (nightly): {AMD} and 1 more"
    assert message["From"] == "orchestrator@builder.example"
    assert message["Message-ID"] == "<orchestrator.run.3.20261122T030000@builder.example>"
    assert message.get_content_type() == "text/plain"
    body = message.get_content()
    assert body.startswith("2 of 2 cells FAILED in run 3 (nightly)\n")
    assert "left alone: 1 proven, 41 never built" in body
    assert b"\r" not in data
    assert max(map(len, data.splitlines())) <= 998


def test_a_good_and_a_killed_run_have_their_subjects(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin(day=1)
    past.intend([AMD])
    past.proven(AMD)
    killed = mail(gather(past.ledger, matrix, None, places))
    past.end(0)
    good = mail(gather(past.ledger, matrix, None, places))
    subjects = [message_from_bytes(one, policy=default)["Subject"] for one in (killed, good)]
    assert subjects == [
        "[orchestrator] run 1 (nightly): killed before its end; 1 proven",
        "[orchestrator] all well: 1 cell proven in run 1 (nightly)",
    ]


def test_an_image_from_elsewhere_has_no_past(past: Past, matrix: Matrix, places: Places) -> None:
    past.begin("test", day=1)
    machine = ProofRecord(name="architecture/machine", verdict="failed", detail="x86_64", seconds=0.1)
    past.ledger.examined(
        past.run,
        cell=ARM,
        reference="my/image:1",
        digest="sha256:1",
        execution="native",
        seconds=1.0,
        proofs=(machine,),
    )
    lines = failure_lines(gather(past.ledger, matrix, None, places))
    assert lines[2:6] == [
        f"{ARM}: wrong architecture",
        "  what       architecture/machine: x86_64 (native)",
        "  since      this run",
        "  changed    nothing is known of how this image was made: it was not built here",
    ]
    assert lines[6].startswith("  reproduce  orchestrator test --image my/image:1 --as ")
