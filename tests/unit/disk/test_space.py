"""A disk that fills up is told before a build fails of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.disk.space import readable, warn_of_disk
from orchestrator.engine.checks import Verdict
from orchestrator.errors import EnvironmentFailedError
from orchestrator.system.places import Places

GIB = 1024**3


class Disks:
    """Free space by directory, in GiB."""

    def __init__(self, **free: float) -> None:
        self.free = free

    def __call__(self, path: Path) -> tuple[int, int, int]:
        return 0, 0, round(self.free[path.name] * GIB)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "cache").mkdir()
    (tmp_path / "data").mkdir()
    return Places(cache=tmp_path / "cache", state=tmp_path / "state")


def test_nothing_is_said_where_there_is_room(places: Places, tmp_path: Path) -> None:
    def freeable() -> int:
        raise AssertionError("nobody has to know")

    usage = Disks(cache=20, data=21)
    assert warn_of_disk(places, tmp_path / "data", usage=usage, freeable=freeable) is None
    assert warn_of_disk(places, usage=usage) is None


@pytest.mark.parametrize(
    ("cache", "data", "verdict", "place"),
    [(19, 100, Verdict.WARN, "cache"), (100, 19, Verdict.WARN, "data"), (19, 4, Verdict.FAIL, "data")],
)
def test_the_worse_place_is_named_with_the_mend(
    places: Places, tmp_path: Path, cache: int, data: int, verdict: Verdict, place: str
) -> None:
    found = warn_of_disk(places, tmp_path / "data" / "not" / "yet", usage=Disks(cache=cache, data=data))
    assert found is not None
    assert found.verdict is verdict
    assert str(tmp_path / place) in found.detail
    assert f"{min(cache, data)} GiB free" in found.detail
    assert "orchestrator prune" in found.mend


def test_what_would_be_gained_is_told_where_it_is_known(places: Places) -> None:
    def unknown() -> int:
        raise EnvironmentFailedError("no ledger")

    usage = Disks(cache=10)
    told = {
        name: warn_of_disk(places, usage=usage, freeable=freeable)
        for name, freeable in {"much": lambda: 3_200_000_000, "nothing": lambda: 0, "unknown": unknown}.items()
    }
    details = {name: check.detail for name, check in told.items() if check is not None}
    assert details["much"].endswith("'orchestrator prune' would free up to 3.2 GB")
    assert details["nothing"] == details["unknown"] == f"10 GiB free for {places.cache}"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_550_000, "2.5 MB"), (10**12, "1000.0 GB")]
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert readable(count) == text
