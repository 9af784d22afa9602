"""Nodes, rates and durations as a person writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.build.failure import FailureClass
from orchestrator.errors import InvalidFileError, UsageError
from orchestrator.matrix.model import Matrix
from orchestrator.schedule.words import MOST_NODES, Machines, read_durations, read_nodes, read_rates
from tests.unit.schedule.farms import AMD, ARM

CELL = "3.7-stretch-amd64"


@pytest.fixture
def machines(matrix: Matrix) -> Machines:
    return Machines(known=matrix.known, own=AMD)


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["4"], [({AMD}, 4, 4)]),
        (["amd64:4"], [({AMD}, 4, 4)]),
        (["amd64:4:1", "arm64v8:2:0"], [({AMD}, 4, 1), ({ARM}, 2, 0)]),
        (["2xarm64v8:8"], [({ARM}, 8, 8), ({ARM}, 8, 8)]),
        (["amd64,i386:3"], [({AMD, "linux/386"}, 3, 3)]),
        (["linux/arm64:1 amd64:1"], [({ARM}, 1, 1), ({AMD}, 1, 1)]),
        (["amd64:2:9"], [({AMD}, 2, 2)]),
    ],
)
def test_nodes(machines: Machines, words: list[str], seen: list[tuple[set[str], int, int]]) -> None:
    nodes = read_nodes(words, machines)
    assert [(set(one.native), one.slots, one.emulated_slots) for one in nodes] == seen
    assert len({one.name for one in nodes}) == len(nodes)
    assert all(ARM in (one.native | one.emulated) for one in nodes)


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "amd64",
        "amd64:",
        "amd64:0",
        "0xamd64:4",
        "000xamd64:4",
        ":4",
        "amd64:4:",
        "-4",
        "x4",
        "amd64:99999",
        "amd46:4",
    ],
)
def test_what_is_no_node_is_refused(machines: Machines, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_nodes([word], machines)
    assert caught.value.mend


def test_a_farm_has_its_limit(machines: Machines) -> None:
    with pytest.raises(UsageError, match="cannot be simulated"):
        read_nodes([f"{MOST_NODES}xamd64:1", "amd64:1"], machines)


def test_a_misspelt_architecture_is_guessed(machines: Machines) -> None:
    with pytest.raises(UsageError, match=r'no architecture "arm64v9"\n  mend: did you mean "arm64v8"'):
        read_nodes(["arm64v9:4"], machines)


def test_rates() -> None:
    assert read_rates(["network=0.1", "emulator-crash=1", "0.5e-2"]) == {
        FailureClass.NETWORK: 0.005,
        FailureClass.EMULATOR_CRASH: 1.0,
    }


@pytest.mark.parametrize(
    "word", ["", "x=0.1", "network=", "network=1.1", "network=-1", "network=nan", "network=1e5", "0.1.2", "."]
)
def test_what_is_no_rate_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        read_rates([word])


def test_durations(tmp_path: Path) -> None:
    path = tmp_path / "seconds.json"
    path.write_text(json.dumps({CELL: 9, "b": {"native": 1, "prove_emulated": 2.5}}))
    seen = {(one.cell, str(one.stage), one.emulated): one.seconds for one in read_durations(path, {CELL, "b"})}
    assert seen == {
        (CELL, "build", False): 9.0, (CELL, "build", True): 9.0, ("b", "build", False): 1.0, ("b", "prove", True): 2.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("5", "not an object"),
        ("null", "not an object"),
        ("[]", "not an object"),
        ('{"3.7-stretch-amd46": 1}', "the matrix has no such cell"),
        (f'{{"{CELL}": "x"}}', CELL),
        (f'{{"{CELL}": -1}}', CELL),
        (f'{{"{CELL}": {{"nativ": 1}}}}', "not known here"),
        (f'{{"{CELL}": 1, "{CELL}": 2}}', "stands twice"),
        (f'{{"{CELL}": {"9" * 5000}}}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_a_wrong_file_of_durations_is_one_error_with_its_mend(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "seconds.json"
    path.write_text(text)
    with pytest.raises(InvalidFileError, match=said) as caught:
        read_durations(path, {CELL})
    assert str(path) in caught.value.message
    assert caught.value.mend
