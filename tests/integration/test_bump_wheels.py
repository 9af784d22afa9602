"""The newest wheels of lines, from the index that pip is configured with on this machine."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from orchestrator.bump.index import Index
from orchestrator.bump.model import Part
from orchestrator.bump.wheels import choose
from orchestrator.inputs.provider import Inputs
from orchestrator.matrix.load import load_matrix
from orchestrator.matrix.model import Line, Pin
from orchestrator.system.files import sha256_of
from orchestrator.system.places import Places
from orchestrator.system.progress import Silent
from tests.integration.command_line import ROOT

INDEX = Index()
ALL = frozenset(Part)
#: pip's releases that were the last ones to support a line, as its history tells: https://pip.pypa.io/en/stable/news/
LAST_PIP = {"2.7": "20.3.4", "3.4": "19.1.1", "3.5": "20.3.4", "3.6": "21.3.1", "3.7": "24.0"}


def line_of(name: str) -> Line:
    return next(line for line in load_matrix(ROOT / "versions.json").lines if line.name == name)


def newest(name: str) -> dict[str, Pin]:
    line = line_of(name)
    return {pin.name: pin for pin in choose(line, ALL, INDEX, release=line.release).pins}


@pytest.mark.parametrize(("name", "version"), LAST_PIP.items())
def test_a_line_gets_the_last_pip_that_supports_it(name: str, version: str) -> None:
    found = newest(name)
    assert found["pip"].version == version
    assert {"setuptools", "wheel"} <= set(found)


def test_no_wheel_needs_what_the_images_lack() -> None:
    line = line_of("3.7")
    newer = choose(line, frozenset({Part.WHEEL}), INDEX, release="3.13.1")
    assert Version("0.40") < Version(newer.pins[0].version) < Version("0.46")
    assert "needs packaging" in newer.notes[0]


def test_what_is_chosen_is_fetched_once_and_found_by_builds(tmp_path: Path) -> None:
    pins = tuple(newest("2.7").values())
    assert [pin.name for pin in pins] == ["pip", "setuptools", "wheel", "virtualenv"]
    stock = Inputs(places=Places(cache=tmp_path, state=tmp_path), progress=Silent(), mirror=None)
    stored = stock.wheels(pins)
    assert {sha256_of(stored.directory / file) for file in stored.files} == {pin.sha256 for pin in pins}

    # A directory of these files does as well, and nothing else is looked at then.
    line = line_of("2.7")
    offline = choose(line, ALL, Index(offline=stored.directory), release=line.release)
    assert offline.pins == pins
    (tmp_path / "empty").mkdir()
    nothing = choose(line, ALL, Index(offline=tmp_path / "empty"), release=line.release)
    assert nothing.pins == ()
    assert len(nothing.notes) == len(pins)


def test_metadata_of_a_wheel_in_a_directory_counts(tmp_path: Path) -> None:
    """A directory says nothing of Requires-Python or of what is needed: only the wheels do."""
    for version, lines in {
        "19.0": ["Requires-Python: >=2.7"],
        "19.5": ["Requires-Dist: six"],
        "20.0": ["Requires-Python: >=3.9"],
        "21.0b1": [],
    }.items():
        name = f"pip-{version}"
        with zipfile.ZipFile(tmp_path / f"{name}-py2.py3-none-any.whl", "w") as wheel:
            head = ["Metadata-Version: 2.1", "Name: pip", f"Version: {version}", *lines, ""]
            wheel.writestr(f"{name}.dist-info/METADATA", "\n".join(head))
            wheel.writestr(
                f"{name}.dist-info/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
            )
            wheel.writestr(f"{name}.dist-info/RECORD", "")
    found = choose(line_of("3.7"), frozenset({Part.PIP}), Index(offline=tmp_path), release="3.7.2")
    assert [(pin.version, pin.sha256) for pin in found.pins] == [
        ("19.0", sha256_of(tmp_path / "pip-19.0-py2.py3-none-any.whl"))
    ]
