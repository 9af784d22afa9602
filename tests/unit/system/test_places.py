"""Directories follow the XDG specification."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.system.places import Places


def test_without_variables_they_lie_below_home() -> None:
    places = Places.from_environment({"HOME": "/home/x"})
    assert places == Places(cache=Path("/home/x/.cache/orchestrator"), state=Path("/home/x/.local/state/orchestrator"))


def test_variables_decide() -> None:
    places = Places.from_environment({"HOME": "/home/x", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"})
    assert (places.cache, places.state) == (Path("/c/orchestrator"), Path("/s/orchestrator"))
    assert places.ledger == Path("/s/orchestrator/ledger.sqlite")
    assert places.logs == Path("/s/orchestrator/logs")
    assert {places.downloads.parent, places.bases.parent, places.engine.parent} == {Path("/c/orchestrator")}


@pytest.mark.parametrize("value", ["", "relative", "./x"])
def test_relative_and_empty_values_are_ignored(value: str) -> None:
    places = Places.from_environment({"HOME": "/home/x", "XDG_CACHE_HOME": value})
    assert places.cache == Path("/home/x/.cache/orchestrator")


def test_looking_makes_nothing(tmp_path: Path) -> None:
    places = Places.from_environment({"HOME": str(tmp_path)})
    assert places.engine.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []
