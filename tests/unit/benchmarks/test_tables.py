"""The tables that the README shows."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.acceleration.model import Stretch, Way, timing
from benchmarks.acceleration.table import missed, table
from benchmarks.parts import older
from benchmarks.readme import with_tables
from tests.unit.benchmarks.samples import EQUAL, NATIVE, NEW, OLD, WORDS, measured, seconds


def test_a_row_has_seconds_ratios_and_the_promise() -> None:
    lines = table([measured()], NEW, WORDS)
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|") == 10
    row = next(line for line in lines if Stretch.COMPILING in line)
    assert row == (
        "| **configure + make + make install** | 100 | 1,700 | 17.00 | 190 | 1.90 | 90.0 | 0.90 | native tools 2.0, rebuilt 1.0 |"
    )
    assert any(line.startswith("| unpack | 1.0 | 1.0 | 1.00 |") for line in lines)
    assert any(line.startswith("| pip | - | - | - |") for line in lines)
    assert "¹" not in "".join(lines)


def test_what_another_run_measured_is_marked_and_its_run_named() -> None:
    lines = table([measured(plain=OLD)], NEW, WORDS)
    assert "arm64v8, plain QEMU¹ " in lines[0]
    assert "native tools¹" not in lines[0]
    assert lines[-1].startswith("¹ ")
    assert lines[-1].endswith("long ago")


def test_an_image_of_an_unknown_release_promises_nothing() -> None:
    lines = table([replace(measured(), release="3.99.0")], NEW, WORDS)
    assert all(line.endswith(("| promised |", "---|", "|  |")) for line in lines if line.startswith("|"))


def test_equality_is_said_with_what_differs_and_why() -> None:
    (said,) = [line for line in table([measured()], NEW, WORDS) if line.startswith("The accelerated image")]
    assert "the same 3 paths" in said
    assert "1 of 2 files have the same bytes" in said
    assert said.endswith("`/var/log/dpkg.log` (it says when).")


def test_inequality_is_said_loudly() -> None:
    spoilt = replace(measured(), equalities={Way.PLAIN: replace(EQUAL, differences=("/a: mode 0644 and 0600",))})
    assert any("differ** in 1 ways: /a: mode" in line for line in table([spoilt], NEW, WORDS))


def test_what_is_worse_than_promised_is_told_of_the_run_itself_only() -> None:
    assert missed([measured()], NEW) == []
    slow = timing(NEW, seconds(210, 290), NATIVE)
    spoilt = replace(
        measured(),
        timings={**measured().timings, Way.ACCELERATED: slow, Way.REBUILT: timing(NEW, seconds(101, 180), NATIVE)},
        equalities={Way.PLAIN: replace(EQUAL, differences=("/a",))},
    )
    told = missed([spoilt], NEW)
    assert [line.partition(": ")[0] for line in told[:2]] == [
        "2.7-slim-bullseye, accelerated",
        "2.7-slim-bullseye, rebuilt",
    ]
    assert "2.10 times" in told[0]
    assert told[2] == "2.7-slim-bullseye: the accelerated image is not equal to the plain one"
    assert missed([spoilt], OLD) == []


def test_a_table_of_another_run_says_so() -> None:
    assert older("memory", NEW, NEW, WORDS) == []
    assert older("memory", OLD, NEW, WORDS)[-1] == "`memory` was measured in another run: long ago."


def test_the_page_is_changed_between_its_markers_alone() -> None:
    page = "# A\n<!-- make bench -->\nold\n<!-- /make bench -->\nrest\n"
    written = with_tables(page, "| new |\n")
    assert written == "# A\n<!-- make bench -->\n| new |\n<!-- /make bench -->\nrest\n"
    assert with_tables(written, "| new |") == written
    for other in ("# A\n", "<!-- make bench -->\nno end\n"):
        assert with_tables(other, "| new |") == other
