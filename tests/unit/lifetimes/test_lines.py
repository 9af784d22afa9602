from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFileError
from orchestrator.lifetimes.lines import lifetime_of, load_lifetimes
from orchestrator.matrix.model import Matrix

FACT = '- {line: "3.7", end: "2023-06-27", keys: [], link: "https://example.org/"}\n'


@pytest.mark.parametrize(
    ("line", "today", "told"),
    [
        ("3.7", date(2026, 11, 25), "3.7 has been at its end since 2023-06-27; 3.7.17 is its last release"),
        ("3.7", date(2023, 6, 26), "3.7 is maintained until 2023-06-27"),
        ("3.13", date(2026, 11, 25), "3.13 is maintained until 2029-10"),
        ("3.13", date(2029, 10, 31), "3.13 is maintained until 2029-10"),
        (
            "3.13",
            date(2029, 11, 1),
            "3.13 was planned to reach its end in 2029-10: see https://peps.python.org/pep-0719/",
        ),
    ],
)
def test_what_is_told_of_a_line(line: str, today: date, told: str) -> None:
    found = lifetime_of(line)
    assert found is not None
    assert found.told(today) == told
    assert found.over(today) == ("maintained" not in told)


def test_a_line_that_nobody_knows_yet() -> None:
    assert lifetime_of("9.9") is None


def test_the_matrices_pin_the_keys_of_the_release_managers(matrix: Matrix, debian_matrix: Matrix) -> None:
    for line in (*matrix.lines, *debian_matrix.lines):
        found = lifetime_of(line.name)
        assert found is not None
        assert line.gpg_key in found.keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FACT + FACT, "[1].line: 3.7 stands twice"),
        (FACT.replace("06-27", "02-30"), "[0].end: there is no 2023-02-30"),
        (FACT.replace("06-27", "13"), "[0].end: there is no 2023-13"),
        (FACT.replace("end:", 'last: "3.8.1", end:'), "3.8.1 is no release of 3.7"),
        (FACT.replace("keys", "kyes"), "not known here"),
        (FACT.replace("[]", "[ABC]"), "fingerprint"),
        ("- [", "not valid YAML"),
    ],
)
def test_a_wrong_fact_names_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(text)
    with pytest.raises(InvalidFileError) as caught:
        load_lifetimes(path)
    assert said in caught.value.message
    assert str(path) in caught.value.message
