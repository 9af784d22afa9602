"""How a command opens what publishing needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.pipeline.publication import open_registries
from tests.unit.pipeline.fakes import World


def test_the_logins_of_whoever_publishes_come_before_those_that_the_engine_was_last_called_with(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with open_registries(world.shop) as registries:
        assert registries.environment == world.shop.engine.environment
    (tmp_path / "config.json").write_text("{}")
    with open_registries(world.shop) as registries:
        assert registries.environment == {**world.shop.engine.environment, "DOCKER_CONFIG": str(tmp_path)}
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".docker").mkdir(parents=True)
    (tmp_path / "home" / ".docker" / "config.json").write_text("{}")
    with open_registries(world.shop) as registries:
        assert registries.environment["DOCKER_CONFIG"] == str(tmp_path / "home" / ".docker")
