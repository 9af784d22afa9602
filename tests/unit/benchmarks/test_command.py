"""`python -m benchmarks`: what it says beforehand, and what it makes of a record without measuring."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.__main__ import main, run
from benchmarks.acceleration.measuring import IMAGES, Wanted, expected
from benchmarks.acceleration.model import Way
from benchmarks.memory import table as memory_table
from benchmarks.parts import ACCELERATION, PARTS, lasting
from benchmarks.record import Entry, Record
from benchmarks.writing import acceleration_document
from tests.unit.benchmarks.samples import MACHINE, NEW, measured


def call(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_what_it_will_measure_is_said_with_how_long_it_takes(tmp_path: Path) -> None:
    done = call("--dry-run", "--output", str(tmp_path))
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines[: len(PARTS)]] == [part.name for part in PARTS]
    assert "builds of 2.7-slim-bullseye: native 2 min, accelerated 4 min, rebuilt 2 min, plain 32 min" in done.stderr
    assert "builds of 3.9-slim-bullseye: native 3 min, accelerated 8 min, rebuilt 4 min\n" in done.stderr
    assert lines[-1].endswith("min in all")
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "plain"),
    [((), 1), (("--plain", "none"), 0), (("--plain", "all"), 2), (("--plain", "3.9-slim-bullseye"), 1)],
)
def test_plain_emulation_is_chosen(tmp_path: Path, words: tuple[str, ...], plain: int) -> None:
    done = call(ACCELERATION, *words, "--dry-run", "--output", str(tmp_path))
    assert done.stderr.count(", plain ") == plain
    assert ("plain emulation" in done.stderr) == (plain > 0)
    assert "scheduling" not in done.stderr


def test_one_image_is_chosen(tmp_path: Path) -> None:
    done = call(ACCELERATION, "--image", "3.9-slim-bullseye", "--dry-run", "--output", str(tmp_path))
    assert "3.9-slim-bullseye" in done.stderr
    assert "2.7-slim-bullseye" not in done.stderr


@pytest.mark.parametrize("words", [("nonsense",), ("--plain", "2.8"), ("--cached",), ("--image", "3.9-alpine")])
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    assert call(*words).exit_code == 2


def test_tables_and_chart_are_made_of_what_is_recorded(tmp_path: Path) -> None:
    one = measured()
    entry = Entry(run=NEW, took=60, results=acceleration_document({one.image: one}))
    of_memory = {"bare_interpreter_megabytes": 10.0, "runs": {"plan": {"megabytes": 47.4, "ratio": 4.7}}}
    record = Record().joined(ACCELERATION, entry, MACHINE)
    record.joined("memory", Entry(run=NEW, took=1, results=of_memory), MACHINE).save(tmp_path / "results.json")
    done = call("--tables", "--output", str(tmp_path))
    assert done.exit_code == 0
    assert "| `plan` | 47 | 4.7 |" in memory_table(of_memory)
    assert "| `plan` | 47 | 4.7 |" in done.stdout
    assert "2.7-slim-bullseye (2.7.18)" in done.stdout
    assert (tmp_path / "acceleration.svg").read_text().startswith("<svg ")


def test_a_build_takes_as_long_as_the_last_time() -> None:
    wanted = Wanted(plain=IMAGES)
    found = expected(wanted, {"2.7-slim-bullseye": measured()})
    assert found["2.7-slim-bullseye", Way.ACCELERATED] == 290
    assert found["3.9-slim-bullseye", Way.PLAIN] == 2940
    assert list(found)[3] == ("2.7-slim-bullseye", Way.PLAIN)


def test_durations_are_rough() -> None:
    assert (lasting(59.6), lasting(1920)) == ("60 s", "32 min")


def test_what_cannot_be_measured_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # No process may be started here, so that the command that is to be measured cannot be.
    monkeypatch.setattr(sys, "argv", ["bench", "commands", "--output", str(tmp_path)])
    assert run() == 1
    assert "bench: what is to be measured does not work: a unit test tried to reach outside" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_is_told_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--plain", "some"])
    assert run() == 2
    assert "'some' is not one of" in capsys.readouterr().err
