"""The table for people and the document for machines."""

from __future__ import annotations

import dataclasses
import json

import pytest

from orchestrator.matrix.model import Matrix
from orchestrator.report.results import describe_results, results_table
from tests.unit.report.fakes import FAILURE, result


@pytest.fixture(autouse=True)
def _nobody_forces_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def test_the_table_has_a_row_per_cell_and_no_colour_codes(matrix: Matrix) -> None:
    good, bad = matrix.cells[:2]
    table = results_table([result(good), result(bad, failure=FAILURE, emulator="qemu 10")])
    head, first, second = table.splitlines()
    assert "\x1b" not in table
    assert head.split() == [
        "cell", "state", "executed", "packages", "compile", "seconds", "size", "digest", "tags",
    ]  # fmt: skip
    assert first.split()[:7] == [good.id, "proven", "native", "cached", "59.0", "61.2", "123.5"]
    assert "0123456789ab " in first
    assert first.endswith("amd64/python:3.7.2 and 2 more")
    assert "FAILED: compile error" in second
    assert "emulated (qemu 10)" in second


@pytest.mark.parametrize(
    ("emulator", "said"),
    [("qemu 10", "emulated (qemu 10), native tools"), ("", "native"), ("unknown", "emulated (unknown)")],
)
def test_what_native_tools_have_helped_says_so(matrix: Matrix, emulator: str, said: str) -> None:
    one = result(matrix.cells[0], emulator=emulator)
    assert one.attempt is not None
    tools = "" if emulator == "unknown" else "a" * 64
    one = dataclasses.replace(one, attempt=dataclasses.replace(one.attempt, ingredients={"tools": tools}))
    assert f"  {said}  " in results_table([one])
    assert describe_results([one])["cells"][0]["executed"] == said


def test_what_was_not_tried_is_no_failure_of_its_own(matrix: Matrix) -> None:
    dropped = dataclasses.replace(result(matrix.cells[0], failure=FAILURE, tries=0), attempt=None)
    assert "not tried" in results_table([dropped])
    (document,) = describe_results([dropped])["cells"]
    assert (document["ok"], document["tried"], document["executed"]) == (False, False, "")


def test_places_stand_in_for_the_local_tags_and_digests_may_be_left_out(matrix: Matrix) -> None:
    cell = matrix.cells[0]
    table = results_table([result(cell)], digests=False, places={cell.id: ["localhost:5000/x:1"]})
    assert "digest" not in table
    assert table.endswith("localhost:5000/x:1")
    assert results_table([result(cell)], places={}).endswith("0123456789ab")


def test_long_names_are_never_cut(matrix: Matrix) -> None:
    table = results_table([result(cell) for cell in matrix.cells])
    assert all(cell.id in table for cell in matrix.cells)
    assert "…" not in table


def test_where_and_how_often_are_columns_only_where_they_differ(matrix: Matrix) -> None:
    one, two, idle = matrix.cells[:3]
    same = results_table([result(one, node="near"), result(two, node="near"), result(idle, before=True)])
    assert "node" not in same.splitlines()[0].split()
    assert "tries" not in same.splitlines()[0].split()
    results = [result(one, node="near", tries=3), result(two, node="far"), result(idle, before=True)]
    head, first, second, third = (line.split()[:5] for line in results_table(results).splitlines())
    assert head == ["cell", "state", "executed", "node", "tries"]
    assert first == [one.id, "proven", "native", "near", "3"]
    assert second == [two.id, "proven", "native", "far", "1"]
    assert third == [idle.id, "proven", "native", "-", "1"]
    assert [(cell["node"], cell["tries"]) for cell in describe_results(results)["cells"]] == [
        ("near", 3), ("far", 1), ("", 1),
    ]  # fmt: skip


def test_the_document_is_json_and_says_everything(matrix: Matrix) -> None:
    good, bad = matrix.cells[:2]
    document = json.loads(json.dumps(describe_results([result(good), result(bad, failure=FAILURE)])))
    first, second = document["cells"]
    assert (first["id"], first["ok"], first["failure"], first["log"]) == (good.id, True, None, "/logs/cell.log")
    assert first["proofs"] == [
        {"name": "architecture/machine", "passed": True, "verdict": "passed", "detail": "x86_64", "seconds": 0.1}
    ]
    assert first["phases"][0] == {"name": "packages", "seconds": 0.0, "cached": True}
    assert second["failure"] == {"class": "compile error", "message": "[build 5/9] RUN make"}
    assert (second["ok"], second["tags"]) == (False, [])
