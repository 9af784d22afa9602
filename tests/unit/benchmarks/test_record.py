"""What a run does not measure stays as an older run found it, with that run's date and machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from benchmarks.acceleration.model import Measured, Way
from benchmarks.parts import ACCELERATION
from benchmarks.record import Entry, Record
from benchmarks.writing import acceleration_document, read_acceleration
from tests.unit.benchmarks.samples import EQUAL, MACHINE, NEW, OLD, measured, timings

_OTHER = replace(MACHINE, cores=8)


def entry(run: str, *, seconds: float = 1.0) -> Entry:
    return Entry(run=run, took=seconds, results={"seconds": seconds})


def test_a_part_that_is_not_measured_keeps_its_run() -> None:
    record = Record().joined("memory", entry(OLD), _OTHER).joined("commands", entry(OLD), _OTHER)
    record = record.joined("commands", entry(NEW, seconds=2.0), MACHINE)
    assert (record.parts["memory"].run, record.parts["commands"].run) == (OLD, NEW)
    assert record.runs == {OLD: _OTHER, NEW: MACHINE}
    assert record.newest == NEW


def test_a_run_of_which_nothing_is_left_is_forgotten() -> None:
    record = Record().joined("memory", entry(OLD), _OTHER).joined("memory", entry(NEW), MACHINE)
    assert list(record.runs) == [NEW]


def test_a_run_of_which_one_build_is_left_is_not() -> None:
    def results(plain: str) -> Entry:
        return Entry(run=NEW, took=1, results=acceleration_document({"x": measured(plain=plain)}))

    record = Record().joined(ACCELERATION, replace(results(OLD), run=OLD), _OTHER)
    assert set(record.joined(ACCELERATION, results(OLD), MACHINE).runs) == {OLD, NEW}
    assert set(record.joined(ACCELERATION, results(NEW), MACHINE).runs) == {NEW}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    one = replace(
        measured(plain=OLD), equalities={Way.PLAIN: EQUAL, Way.REBUILT: replace(EQUAL, differences=("/a: only",))}
    )
    found = Entry(run=NEW, took=12.5, results=acceleration_document({one.image: one}))
    record = Record().joined("memory", entry(OLD), _OTHER).joined(ACCELERATION, found, MACHINE)
    record.save(tmp_path / "results.json")
    again = Record.load(tmp_path / "results.json")
    assert again == record
    assert read_acceleration(again) == {one.image: one}


def test_nothing_is_known_where_there_is_no_file(tmp_path: Path) -> None:
    record = Record.load(tmp_path / "none.json")
    assert record == Record()
    assert read_acceleration(record) == {}
    assert record.newest == ""


def test_an_older_record_knows_less_of_its_machine(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"runs": {OLD: {"cores": 2, "kernel": "6.1"}}, "parts": {}}))
    assert Record.load(tmp_path / "results.json").words == {OLD: "2026-01-01, 2 cores, Linux 6.1"}


def test_a_measurement_of_another_run_keeps_its_own_ratios() -> None:
    old = Measured(image="x", release="2.7.18", timings=timings(OLD, Way.NATIVE, Way.PLAIN))
    new = replace(old, timings={**old.timings, **timings(NEW, Way.NATIVE, Way.ACCELERATED)})
    assert new.timings[Way.PLAIN] == old.timings[Way.PLAIN]
    assert new.timings[Way.PLAIN].run == OLD
