"""The list of translation units is strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.acceleration.gate.units import load_units
from orchestrator.errors import InvalidFileError

GROUP = "- why: a reason that is long enough\n  link: https://example.org/\n  units: [{}]\n"


def test_there_are_enough_of_them_and_no_stamps() -> None:
    units = load_units()
    assert len(units) >= 40
    # Its object holds the time at which it was compiled.
    assert "Modules/getbuildinfo.o" not in units


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- why: [", "not valid YAML"),
        ("", "groups"),
        (GROUP.format("../x.o"), "units"),
        (GROUP.format("Python/a.c"), "units"),
        (GROUP.format("Python/a.o") * 2, "Python/a.o stands there twice"),
        (GROUP.format("Python/a.o").replace("why", "because"), "because"),
        (GROUP.format("Python/a.o").replace("a reason that is long enough", "so"), "why"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "units.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFileError, match=why) as caught:
        load_units(path)
    assert str(path) in caught.value.message
